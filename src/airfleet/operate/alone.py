"""One at a time: what must not run twice at once on a checkout."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths


@contextmanager
def alone(paths: Paths, command: str) -> Iterator[None]:
    """Hold what only one *command* of this checkout can hold; raises AirfleetError while another one does."""
    paths.state.mkdir(exist_ok=True)
    with (paths.state / f"{command}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AirfleetError(f"Another ./airfleet {command} is at work here. Wait for its end.") from None
        yield
