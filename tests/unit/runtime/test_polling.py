"""A scheduler looks often while things happen, and seldom while nothing does."""

from typing import Any

import pytest

from airfleet.runtime.patches.changes import polling


class Runner:
    """Stands for Airflow's SchedulerJobRunner, as far as it is changed."""

    def __init__(self, shortest_s: float) -> None:
        self._scheduler_idle_sleep_time = shortest_s
        self.queued = self.ended = 0

    def _do_scheduling(self, session: Any) -> int:
        return self.queued

    def _process_executor_events(self, executor: Any, session: Any) -> int:
        return self.ended

    def sleeps(self) -> float:
        """Return what its loop would sleep."""
        return self._scheduler_idle_sleep_time


@pytest.fixture
def clock() -> list[float]:
    return [1000.0]


@pytest.fixture
def runner(clock: list[float]) -> Any:
    changed = type("Changed", (Runner,), dict(Runner.__dict__))
    polling.follow(changed, lambda: clock[0])
    return changed(0.1)


@pytest.mark.parametrize(
    ("quiet_s", "sleep_s"), [(0, 0.1), (1, 0.1), (2, 0.1), (10, 0.5), (20, polling.LONGEST_S), (1e6, polling.LONGEST_S)]
)
def test_the_sleep_is_a_twentieth_of_the_quiet_time_between_two_bounds(quiet_s: float, sleep_s: float) -> None:
    assert polling.idle_sleep_s(quiet_s, 0.1) == pytest.approx(sleep_s)


def test_a_scheduler_that_has_seen_nothing_yet_sleeps_as_long_as_airflows_own(runner: Any) -> None:
    assert runner.sleeps() == polling.LONGEST_S


@pytest.mark.parametrize("happens", ["queued", "ended"])
def test_what_is_queued_or_ends_makes_the_sleep_short_again(runner: Any, clock: list[float], happens: str) -> None:
    setattr(runner, happens, 3)
    assert runner._do_scheduling(session=None) + runner._process_executor_events(executor=None, session=None) == 3
    assert runner.sleeps() == 0.1
    setattr(runner, happens, 0)
    clock[0] += 10
    runner._do_scheduling(session=None)
    runner._process_executor_events(executor=None, session=None)
    assert runner.sleeps() == pytest.approx(0.5)
