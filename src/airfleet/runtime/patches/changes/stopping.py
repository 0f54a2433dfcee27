"""Let a scheduler or dag-processor that is told to stop do so, whatever it does at that moment.

Both leave their loop by an exception that their signal handler raises. Where the signal arrives while Python runs the
callback of a weak reference or a finalizer, and SQLAlchemy has many of them, Python prints the exception and ignores
it: the role works on as if nobody had asked, until it is killed at the end of its grace period of a minute. Here each
round of the loop begins with the question whether the handler has meant to end the process.

Seen once (2026-11-27): a `./airfleet down` just after 24 tasks were queued took a minute longer, and killed the
scheduler. Told in such a callback by a debugger, both roles of a running stack end within 3 s; without this they were
still there after 20 s.
"""

import logging
from collections.abc import Callable
from typing import Any

from airfleet.runtime.patches.patch import DAG_PROCESSOR, SAFETY, SCHEDULER, Patch

log = logging.getLogger(__name__)


# Where a round of each loop begins.
_ROUNDS = {
    "SchedulerJobRunner": "_do_scheduling",
    "DagFileProcessorManager": "_kill_timed_out_processors",
}


def change(module: Any) -> None:
    """Change the one of the two loops that Airflow's *module* has."""
    for runner, round_begins in _ROUNDS.items():
        if hasattr(module, runner) and getattr(module, runner).__module__ == module.__name__:
            obey(getattr(module, runner), round_begins)


def obey(runner: type[Any], round_begins: str) -> None:
    """Make *runner*, whose handler is `_exit_gracefully`, end in its method *round_begins* where that was ignored."""
    stop = _Stop()
    runner._exit_gracefully = stop.noting(runner._exit_gracefully)
    setattr(runner, round_begins, stop.obeying(getattr(runner, round_begins)))


class _Stop:
    """What the handler of this process's role has raised, if it has."""

    def __init__(self) -> None:
        self._end: SystemExit | None = None

    def noting(self, handler: Callable[..., None]) -> Callable[..., None]:
        # A forked child's call returns, as the child is not what was told to stop.
        def exit_gracefully(*args: Any) -> None:
            try:
                handler(*args)
            except SystemExit as raised:
                self._end = SystemExit(raised.code)
                raise

        return exit_gracefully

    def obeying(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def begin(*args: Any, **kwargs: Any) -> Any:
            if self._end:
                log.warning("Leaving the loop: the exception that should have ended it was ignored.")
                raise self._end
            return step(*args, **kwargs)

        return begin


PATCH = Patch(
    name="stopping",
    group=SAFETY,
    roles=(SCHEDULER, DAG_PROCESSOR),
    what="A scheduler or dag-processor ends when it is told to, also where Python ignores its handler's exception.",
    gain="It ends within 3 s instead of being killed after its grace period of a minute; seen once (2026-11-27).",
    risk="None known: a loop that was not told to end only asks one more attribute.",
    upstream="Set a flag in _exit_gracefully that the loop reads, instead of raising SystemExit in a signal handler.",
    replaces=(
        "airflow.jobs.scheduler_job_runner:SchedulerJobRunner._exit_gracefully",
        "airflow.jobs.scheduler_job_runner:SchedulerJobRunner._do_scheduling",
        "airflow.dag_processing.manager:DagFileProcessorManager._exit_gracefully",
        "airflow.dag_processing.manager:DagFileProcessorManager._kill_timed_out_processors",
    ),
    sources={
        "airflow.jobs.scheduler_job_runner:SchedulerJobRunner._exit_gracefully": "a386800c46c356f1",
        "airflow.jobs.scheduler_job_runner:SchedulerJobRunner.register_signals": "095251eb3ab019c0",
        "airflow.dag_processing.manager:DagFileProcessorManager._exit_gracefully": "fc1b0a7848a4e379",
        "airflow.dag_processing.manager:DagFileProcessorManager.register_exit_signals": "8f876a55583427ca",
        "airflow.jobs.scheduler_job_runner:SchedulerJobRunner._do_scheduling": "51f71a9e8998cc17",
        "airflow.dag_processing.manager:DagFileProcessorManager._kill_timed_out_processors": "1de14f43a4a15d07",
    },
    change=change,
)
