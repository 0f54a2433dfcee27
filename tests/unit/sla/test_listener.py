"""What the listener counts at the end of a try, with a task instance of the SDK's own class."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from airflow.sdk.api.datamodels._generated import TaskInstanceState
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import TaskRescheduleStartDate

from airfleet.metrics.statsd import OWN_TASK_SLA_MET, OWN_TASK_SLA_MISSED
from airfleet.sla import listener
from airfleet.sla.declare import sla

START = datetime(2026, 1, 1, tzinfo=UTC)


class Supervisor:
    """Answers when the sensor was first started, as the webserver's table of reschedules has it."""

    def send(self, msg: Any) -> TaskRescheduleStartDate:
        """Answer the only question of these tests."""
        assert type(msg).__name__ == "GetTaskRescheduleStartDate"
        return TaskRescheduleStartDate(start_date=START)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that are counted."""
    found: list[str] = []
    monkeypatch.setattr(listener.Stats, "incr", lambda name, **_: found.append(name))
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Supervisor(), raising=False)
    return found


def ended(*, started_s: float, ended_s: float) -> Any:
    """Return a try of a task with an SLA of 20 s, its times counted from START."""
    return task_runner.RuntimeTaskInstance.model_construct(
        id=uuid4(),
        task=SimpleNamespace(retries=0, **sla(seconds=20)),
        dag_id="case",
        task_id="waits",
        max_tries=0,
        try_number=1,
        state=TaskInstanceState.SUCCESS,
        start_date=START + timedelta(seconds=started_s),
        end_date=START + timedelta(seconds=ended_s),
    )


def rescheduled(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Give every task instance the context of one that was rescheduled so often."""
    context = {"task_reschedule_count": times}
    monkeypatch.setattr(task_runner.RuntimeTaskInstance, "get_template_context", lambda _: context)


def test_a_rescheduled_sensor_is_late_from_its_first_poke_on(
    counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rescheduled(monkeypatch, 5)
    listener.on_task_instance_success(None, ended(started_s=60, ended_s=61))
    assert counted == [OWN_TASK_SLA_MISSED]


@pytest.mark.parametrize(("ended_s", "count"), [(20, OWN_TASK_SLA_MET), (21, OWN_TASK_SLA_MISSED)])
def test_a_try_that_ends_as_skipped_is_judged_too(
    counted: list[str], monkeypatch: pytest.MonkeyPatch, ended_s: float, count: str
) -> None:
    rescheduled(monkeypatch, 0)
    listener.on_task_instance_skipped(None, ended(started_s=0, ended_s=ended_s))
    assert counted == [count]
