"""A scheduler looks for tasks to queue only where one is scheduled."""

from typing import Any

import pytest
from support.fresh_python import ask

from airfleet.runtime.patches.changes.queueing import asking_first


def test_with_a_scheduled_task_airflow_finds_which_may_be_queued() -> None:
    seen: list[Any] = []

    def find(runner: str, max_tis: int, session: str) -> list[str]:
        seen.append((runner, max_tis, session))
        return ["task"]

    find_first = asking_first(find, lambda session: session == "session")
    assert find_first("runner", 8, session="session") == ["task"]
    assert seen == [("runner", 8, "session")]


def test_without_one_nothing_is_looked_for_and_the_gauges_say_none(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.jobs import scheduler_job_runner

    sent: list[tuple[str, int]] = []
    monkeypatch.setattr(scheduler_job_runner.stats, "gauge", lambda name, value: sent.append((name, value)))
    assert asking_first(lambda *_, **__: ["task"], lambda _: False)("runner", 8, session="session") == []
    assert sent == [("scheduler.tasks.starving", 0), ("scheduler.tasks.executable", 0)]


def test_a_scheduler_that_starts_is_changed() -> None:
    started = """
        from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
        print(SchedulerJobRunner._executable_task_instances_to_queued.__module__)
    """
    assert ask(started, role="airflow scheduler") == "airfleet.runtime.patches.changes.queueing"
