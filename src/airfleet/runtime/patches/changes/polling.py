"""Let a scheduler look often while things happen, and seldom while nothing does.

Airflow's scheduler sleeps `[scheduler] scheduler_idle_sleep_time` after each loop that found nothing to do: at 1 s
every step of a chain waits for it, at 0.1 s an idle stack burns 14 % of a core in the scheduler and 5 % in Postgres.
Here the setting is the shortest sleep, and the sleep grows with the time since something was last queued or ended: a
step that took 10 s waits half a second at most, and an idle scheduler sleeps as long as Airflow's own does.
"""

import time
from collections.abc import Callable
from typing import Any

from airfleet.runtime.patches.patch import SCHEDULER, Patch

# Airflow's own default.
LONGEST_S = 1.0
_SHARE = 0.05


def idle_sleep_s(quiet_s: float, shortest_s: float) -> float:
    """Return how long to sleep when nothing has happened for *quiet_s* seconds."""
    return min(LONGEST_S, max(shortest_s, quiet_s * _SHARE))


def change(module: Any) -> None:
    """Make the sleep of the scheduler of Airflow's *module* follow what its loops find."""
    follow(module.SchedulerJobRunner)


def follow(runner: type[Any], clock: Callable[[], float] = time.monotonic) -> None:
    """Make the sleep of *runner*, Airflow's SchedulerJobRunner, follow what its loops find."""
    runner._scheduler_idle_sleep_time = _Sleep(clock)
    for name in ("_do_scheduling", "_process_executor_events"):
        setattr(runner, name, _noting(getattr(runner, name), clock))


class _Sleep:
    """What a loop that found nothing reads; what Airflow's constructor writes is the shortest."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def __get__(self, runner: Any, _: type[Any] | None = None) -> float:
        quiet_s = self._clock() - getattr(runner, "_airfleet_happened_at", 0.0)
        return idle_sleep_s(quiet_s, runner._airfleet_shortest_sleep_s)

    def __set__(self, runner: Any, setting: float) -> None:
        runner._airfleet_shortest_sleep_s = setting


def _noting(counting: Callable[..., int], clock: Callable[[], float]) -> Callable[..., int]:
    """Return *counting*, a step of the loop, with the time noted at which it last found something."""

    def step(self: Any, *args: Any, **kwargs: Any) -> int:
        count = counting(self, *args, **kwargs)
        if count:
            self._airfleet_happened_at = clock()
        return count

    return step


PATCH = Patch(
    name="polling",
    group="scheduler",
    roles=(SCHEDULER,),
    what="The scheduler's sleep after a loop that found nothing grows from 0.1 s to 1 s while nothing happens.",
    gain="0.22 s a step of a chain instead of 0.93 (2026-11-23); a constant 0.1 s would take 14 % of a core while the"
    " stack is idle.",
    risk="None known: the sleep stays between the setting and Airflow's default.",
    upstream="Let scheduler_idle_sleep_time be the longest of a sleep that grows while loops find nothing.",
    replaces=(
        "airflow.jobs.scheduler_job_runner:SchedulerJobRunner._scheduler_idle_sleep_time",
        "airflow.jobs.scheduler_job_runner:SchedulerJobRunner._do_scheduling",
        "airflow.jobs.scheduler_job_runner:SchedulerJobRunner._process_executor_events",
    ),
    sources={
        "airflow.jobs.scheduler_job_runner:SchedulerJobRunner.__init__": "0d573124b75acc0f",
        "airflow.jobs.scheduler_job_runner:SchedulerJobRunner._do_scheduling": "51f71a9e8998cc17",
        "airflow.jobs.scheduler_job_runner:SchedulerJobRunner._run_scheduler_loop": "d7dd5578d64a9b0b",
        "airflow.jobs.scheduler_job_runner:SchedulerJobRunner._process_executor_events": "85a4ef0778daff7f",
    },
    settings={("scheduler", "scheduler_idle_sleep_time"): "0.1"},
    change=change,
)
