"""Workers come and go under load, and no task uses up a try."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.checkout import Checkout, wait_until
from support.held import Held, leaving

from airfleet.operate.airflow_api import AirflowApi, TaskRun
from airfleet.stack.embedded.stack import EmbeddedStack


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """The file that lets the tasks end; it is there at the latest when the test is over."""
    path = tmp_path / "gate"
    yield path
    path.touch()


def test_scaling_2_to_4_to_1_while_tasks_run_uses_up_no_try(
    checkout: Checkout, api: AirflowApi, stack: EmbeddedStack, gate: Path
) -> None:
    held = Held.start(api, gate, 40)
    assert held.at_work_on(2)
    checkout.airfleet("scale", "airflow-worker=4")
    surplus = ["airflow-worker-2", "airflow-worker-3", "airflow-worker-4"]
    theirs = [task for task in held.at_work_on(4) if task.hostname != "127.0.1.1"]
    scaling = checkout.start("scale", "airflow-worker=1")
    wait_until("three are told to leave", lambda: leaving(stack) == surplus, timeout_s=60)
    assert scaling.poll() is None
    gate.touch()
    said, _ = scaling.communicate(timeout=300)
    assert scaling.returncode == 0, said
    now = held.tasks()
    assert {now[task.map_index].state for task in theirs} == {"success"}
    assert [s["name"] for s in checkout.json("status") if "worker" in s["name"]] == ["airflow-worker-1"]

    assert held.finished() == "success"
    tasks = held.tasks()
    assert sorted(tasks) == list(range(40))
    assert {(task.state, task.tries) for task in tasks.values()} == {("success", 1)}
    checkout.airfleet("scale", "airflow-worker=2")


def test_down_lets_running_tasks_finish(restarted: tuple[Held, list[TaskRun]]) -> None:
    held, at_work = restarted
    assert held.finished() == "success"
    tasks = held.tasks()
    assert {(tasks[task.map_index].state, tasks[task.map_index].tries) for task in at_work} == {("success", 1)}
    assert sorted(tasks) == list(range(24))
