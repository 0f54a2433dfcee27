"""Let few tasks of a machine start at once, so that the first of many begin before the last.

What a task needs until its own code runs is work of the cores: a fork, its Dag file, three calls to the webserver.
Where many slots start one at the same moment, all share the cores and each is as late as the last of them; those that
take as long end together, and the next ones start together too. Here a task waits for one of a few turns, and gives it
back as its own code begins. Turns are locks on files in the folder of the task logs, which the workers of a machine
share: the kernel frees one whose process has ended, whatever ended it.

A task waits for busy cores alone, and for no longer than LONGEST_S: Dag files that wait for something while they are
read keep nobody else from starting.

Measured (2026-11-27, 2 cores, 4 workers of 8 slots): 64 tasks that wait 20 s take 45.9 s instead of 47.1. Bursts of
200 tasks on one worker, with and without in turn, differ by no more than two of the same kind. With three turns for two
cores, or two, they lose a twentieth and more: the scheduler looks after tasks that end one by one.
"""

import fcntl
import functools
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from airfleet.runtime.patches.patch import WORKER, Patch

log = logging.getLogger(__name__)

LONGEST_S = 10.0
_POLL_S = 0.02
# So many looks in a row at cores that nobody uses are no accident.
_IDLE_LOOKS = 5
_TURNS_A_CORE = 2
# The same in all containers of a machine, and another on each machine where the folder is a network's.
_MACHINE = Path("/proc/sys/kernel/random/boot_id")


def change(module: Any) -> None:
    """Let the tasks that Airflow's *module*, supervisor or task_runner, starts or runs take the machine's turns."""
    use(module, of_this_machine())


def use(module: Any, turns: "Turns") -> None:
    """Let the tasks of *module* take *turns*: supervisor takes one, and task_runner gives it back."""
    if hasattr(module, "ActivitySubprocess"):
        module.ActivitySubprocess.start = classmethod(turns.taking(module.ActivitySubprocess.start.__func__))
    else:
        module._execute_task = turns.giving_back(module._execute_task)


@functools.cache
def of_this_machine() -> "Turns":
    """Return the turns that the workers of a machine share."""
    from airflow.configuration import conf

    logs = conf.get_mandatory_value("logging", "base_log_folder")
    return Turns(Path(logs, ".turns", _MACHINE.read_text().strip()), _TURNS_A_CORE * (os.cpu_count() or 1))


def cores_are_idle() -> bool:
    """Return whether fewer processes run than there are cores; this one, which runs, is not counted."""
    running = int(Path("/proc/loadavg").read_text().split()[3].partition("/")[0])
    return running - 1 < (os.cpu_count() or 1)


class Turns:
    """*most* turns, each of them a lock on a file in *folder*; *idle* says whether cores have nothing to do."""

    def __init__(self, folder: Path, most: int, idle: Callable[[], bool] = cores_are_idle) -> None:
        self._folder, self._most, self._idle = folder, most, idle
        self._held: int | None = None

    def take(self) -> int | None:
        """Return the open file of a turn; None where a task is to start without one."""
        until, looks = time.monotonic() + LONGEST_S, 0
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            while looks < _IDLE_LOOKS and time.monotonic() < until:
                for number in range(self._most):
                    if (taken := _locked(self._folder / str(number))) is not None:
                        return taken
                time.sleep(_POLL_S)
                looks = looks + 1 if self._idle() else 0
        except OSError as error:
            log.warning("A task starts without waiting for its turn: %s", error)
        return None

    def taking(self, start: Callable[..., Any]) -> Callable[..., Any]:
        """Return *start* with a wait for a turn before it, which the process that it forks then holds."""

        def start_in_turn(cls: type[Any], **keywords: Any) -> Any:
            self._held = self.take()
            try:
                return start(cls, **keywords)
            finally:
                if self._held is not None:
                    os.close(self._held)

        return start_in_turn

    def giving_back(self, execute: Callable[..., Any]) -> Callable[..., Any]:
        """Return *execute* with the turn given back before it."""

        @functools.wraps(execute)
        def execute_after_turn(*arguments: Any, **keywords: Any) -> Any:
            if self._held is not None:
                # Closing it here would not do while the supervisor has it open too.
                fcntl.flock(self._held, fcntl.LOCK_UN)
                os.close(self._held)
                self._held = None
            return execute(*arguments, **keywords)

        return execute_after_turn


def _locked(file: Path) -> int | None:
    opened = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(opened)
        return None
    except OSError:
        # A pool process lives on: where the folder knows no locks, it would lose a file to each task.
        os.close(opened)
        raise
    return opened


PATCH = Patch(
    name="turns",
    group="turns",
    roles=(WORKER,),
    what="Few tasks of a machine start at once: a task waits, for 10 s at most, until another's own code has begun.",
    gain="64 tasks of 20 s on four workers end after 45.9 s instead of 47.1 (2026-11-27).",
    risk="A task may begin up to 10 s later where Dag files keep all cores busy while they are read.",
    upstream="Let a worker limit how many supervisors start a task at once.",
    replaces=(
        "airflow.sdk.execution_time.supervisor:ActivitySubprocess.start",
        "airflow.sdk.execution_time.task_runner:_execute_task",
    ),
    sources={
        "airflow.sdk.execution_time.supervisor:ActivitySubprocess.start": "3b7c00d9ab984ddf",
        "airflow.sdk.execution_time.supervisor:WatchedSubprocess.start": "bf0ee2e40b8558a6",
        "airflow.sdk.execution_time.task_runner:_execute_task": "bc0fbd9dbd3138f2",
    },
    change=change,
)
