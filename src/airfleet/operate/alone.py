"""Commands that must not run twice at once on a checkout."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths


@contextmanager
def alone(paths: Paths, command: str) -> Iterator[None]:
    """Hold the lock of *command* on this checkout; raises AirfleetError while another process holds it."""
    paths.state.mkdir(exist_ok=True)
    with (paths.state / f"{command}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AirfleetError(f"Another ./airfleet {command} is running here. Wait until it has ended.") from None
        yield
