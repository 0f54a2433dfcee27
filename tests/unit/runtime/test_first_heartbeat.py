"""A task's start counts as its first heartbeat."""

import time
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.execution_time import supervisor

from airfleet.runtime.patches.changes.first_heartbeat import counting_the_start

START = supervisor.ActivitySubprocess._on_child_started
TASK: dict[str, Any] = {
    "ti": SimpleNamespace(id="task"),
    "dag_rel_path": "dag.py",
    "bundle_info": None,
    "sentry_integration": "",
}


def _supervisor(sent: list[str]) -> Any:
    def heartbeat(task: str, pid: int) -> None:
        sent.append(task)

    def start(*_: object) -> Any:
        return SimpleNamespace(should_retry=True, start_date=None)

    return SimpleNamespace(
        id="task",
        pid=1,
        _process=SimpleNamespace(pid=1),
        client=SimpleNamespace(task_instances=SimpleNamespace(heartbeat=heartbeat, start=start)),
        send_msg=lambda *_, **__: None,
        _last_heartbeat_attempt=0,
        _terminal_state=None,
    )


def test_the_first_heartbeat_is_due_an_interval_after_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    one = _supervisor(sent)
    send = supervisor.ActivitySubprocess._send_heartbeat_if_needed
    counting_the_start(START)(one, **TASK)
    send(one)
    assert not sent
    now = time.monotonic()
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: now + supervisor.MIN_HEARTBEAT_INTERVAL + 1)
    send(one)
    assert sent == ["task"]


def test_airflow_itself_sends_one_at_once() -> None:
    sent: list[str] = []
    one = _supervisor(sent)
    START(one, **TASK)
    supervisor.ActivitySubprocess._send_heartbeat_if_needed(one)
    assert sent == ["task"], (
        "Airflow counts the start by itself: airfleet.runtime.patches.changes.first_heartbeat can go"
    )


def test_a_start_that_is_refused_counts_as_nothing() -> None:
    def refused(*_: object, **__: object) -> None:
        raise RuntimeError("409")

    one = _supervisor([])
    with pytest.raises(RuntimeError, match="409"):
        counting_the_start(refused)(one, ti=None)
    assert one._last_heartbeat_attempt == 0
