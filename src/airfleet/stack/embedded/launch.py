"""`python -m airfleet.stack.embedded.launch NAME COMMAND...`: end what an earlier one left, then exec COMMAND.

A killed role leaves its child processes behind, such as the tasks of a worker, which Airflow runs again elsewhere. They
are identified by their process group, which the process manager creates at each start.
"""

import contextlib
import os
import signal
import sys
from pathlib import Path


def end_leftovers(record: Path) -> list[int]:
    """Kill the remaining processes of the process group in *record*, and return their pids.

    Only processes with this process's working directory are killed, as the number may be reused by now.
    """
    group = int(record.read_text()) if record.exists() else 0
    killed = []
    for folder in Path("/proc").glob("[0-9]*"):
        # A process may end while it is inspected, or belong to another user.
        with contextlib.suppress(OSError):
            # The fields after the program's name, which may hold spaces: state, parent, group.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == group and (folder / "cwd").readlink() == Path.cwd():
                os.kill(int(folder.name), signal.SIGKILL)
                killed.append(int(folder.name))
    return killed


def main() -> None:
    """Replace this process by the command."""
    name, *command = sys.argv[1:]
    record = Path(f"{name}.group")
    if killed := end_leftovers(record):
        print(f"launch: ended {len(killed)} processes that the last {name} left behind", flush=True)
    record.write_text(str(os.getpgrp()))
    os.execvp(command[0], command)  # noqa: S606 - the command is a role's # nosec B606


if __name__ == "__main__":
    main()
