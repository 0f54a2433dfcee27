"""Workers come and go under load, and no task uses up a try."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.checkout import Checkout, wait_until

from airfleet.api import AirflowApi, DagRun, TaskRun
from airfleet.embedded.stack import EmbeddedStack


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """The file that lets the tasks end; it is there at the latest when the test is over."""
    path = tmp_path / "gate"
    yield path
    path.touch()


def test_scaling_2_to_4_to_1_while_tasks_run_uses_up_no_try(
    checkout: Checkout, api: AirflowApi, stack: EmbeddedStack, gate: Path
) -> None:
    run = _start(api, 40, gate)
    assert _running_on(api, run, workers=2)
    checkout.airfleet("scale", "airflow-worker=4")
    surplus = ["airflow-worker-2", "airflow-worker-3", "airflow-worker-4"]

    leaving = [task for task in _running_on(api, run, workers=4) if task.hostname != "127.0.1.1"]
    scaling = checkout.start("scale", "airflow-worker=1")
    wait_until("three are told to leave", lambda: _stopping(stack) == surplus, timeout_s=60)
    assert scaling.poll() is None
    gate.touch()
    said, _ = scaling.communicate(timeout=300)
    assert scaling.returncode == 0, said
    now = {task.map_index: task.state for task in _waits(api, run)}
    assert {now[task.map_index] for task in leaving} == {"success"}
    assert [s["name"] for s in checkout.json("status") if "worker" in s["name"]] == ["airflow-worker-1"]

    done = wait_until("the run ends", lambda: _finished(api, run), timeout_s=300)
    assert done.state == "success"
    tasks = _waits(api, run)
    assert len(tasks) == 40
    assert {(task.state, task.tries) for task in tasks} == {("success", 1)}
    checkout.airfleet("scale", "airflow-worker=2")


def test_down_lets_running_tasks_finish(checkout: Checkout, api: AirflowApi, stack: EmbeddedStack, gate: Path) -> None:
    run = _start(api, 24, gate)
    started = _running_on(api, run, workers=2)
    down = checkout.start("down")
    wait_until("the workers are told to leave", lambda: len(_stopping(stack)) == 2, timeout_s=60)
    assert down.poll() is None
    gate.touch()
    said, _ = down.communicate(timeout=300)
    assert down.returncode == 0, said
    assert checkout.airfleet("status", check=False).returncode == 1
    checkout.airfleet("up")
    done = wait_until("the run ends after the restart", lambda: _finished(api, run), timeout_s=300)
    tasks = {task.map_index: task for task in _waits(api, run)}
    assert done.state == "success"
    assert {(tasks[task.map_index].state, tasks[task.map_index].tries) for task in started} == {("success", 1)}
    assert sorted(tasks) == list(range(24))


def _start(api: AirflowApi, count: int, gate: Path) -> DagRun:
    """Start *count* tasks that last until *gate* exists, and return their run."""
    wait_until("the Dag is known", lambda: api.dag("held"), timeout_s=120)
    api.unpause("held")
    return api.trigger("held", {"count": count, "gate": str(gate)})


def _running_on(api: AirflowApi, run: DagRun, workers: int) -> list[TaskRun]:
    """Return the tasks at work, once so many workers have some."""

    def found() -> list[TaskRun] | None:
        running = [task for task in _waits(api, run) if task.state == "running"]
        return running if len({task.hostname for task in running}) == workers else None

    return wait_until(f"tasks run on {workers} workers", found, timeout_s=180)


def _waits(api: AirflowApi, run: DagRun) -> list[TaskRun]:
    return [task for task in api.tasks(run, with_rows=False) if task.task_id == "wait" and task.map_index >= 0]


def _stopping(stack: EmbeddedStack) -> list[str]:
    """Return the workers that have been told to leave, and have not yet."""
    states = stack.manager.states()
    return sorted(s.name for s in states if s.name.startswith("airflow-worker") and s.state == "STOPPING")


def _finished(api: AirflowApi, run: DagRun) -> DagRun | None:
    now = api.run(run)
    return now if now.state in ("success", "failed") else None
