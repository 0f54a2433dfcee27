"""What a role reports of the changes: one small JSON file a process, in a folder that the tool can read.

Both engines give every role $AIRFLOW_HOME/logs, which is a folder of the checkout. A file has the name of the process
under the embedded engine (AIRFLEET_INSTANCE) and the container's host name under Docker, so a role that starts again
replaces its own. The tool takes a file for out of date that is older than the process whose it is.
"""

import contextlib
import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from airfleet.runtime.patches import process, switch

ACTIVE = "active"
INSTANCE = "AIRFLEET_INSTANCE"
_noted: dict[str, str] = {}


@dataclass(frozen=True)
class Report:
    """What the process *role* wrote at *written* (Unix time): its value of AIRFLEET_PATCHES, and each change's state.

    A state is `active` or the reason why the change was left out.
    """

    role: str
    switch: str
    written: float
    states: dict[str, str]


def folder(airflow_home: Path) -> Path:
    """Return where the roles of the Airflow at *airflow_home* report."""
    return airflow_home / "logs" / ".patches"


def note(name: str, state: str) -> None:
    """Keep the *state* of the change *name* for the report; one that was left out stays so."""
    if _noted.get(name, ACTIVE) == ACTIVE:
        _noted[name] = state


def write() -> None:
    """Write this process's report; a process that is no role, or has nowhere to write, writes none."""
    role, home = process.role(), os.environ.get("AIRFLOW_HOME")
    if role is None or not home:
        return
    file = folder(Path(home)) / f"{os.environ.get(INSTANCE) or socket.gethostname()}.json"
    partial = file.with_suffix(f".{os.getpid()}")
    # A full or foreign disk must not keep a role from starting: the tool then says that it has no report.
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(asdict(Report(role, switch.value(), time.time(), dict(_noted)))))
        partial.replace(file)


def read(airflow_home: Path, name: str) -> Report | None:
    """Return the report that the process *name* wrote last; None where there is none."""
    try:
        return Report(**json.loads((folder(airflow_home) / f"{name}.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None
