"""Workers come and go under load, and no task uses up a try."""

import json

from support.checkout import Checkout, wait_until

from airfleet.api import AirflowApi, DagRun, TaskRun

DAG = '''
"""Tasks that take a while."""
import time

from airflow.sdk import dag, task


@dag(schedule=None, tags=["test"])
def slow_tasks():
    @task(retries=2)
    def wait(number: int) -> int:
        time.sleep(6)
        return number

    wait.expand(number=list(range(40)))


slow_tasks()
'''


def test_scaling_2_to_4_to_1_while_tasks_run_uses_up_no_try(checkout: Checkout, api: AirflowApi) -> None:
    checkout.add_dag("slow_tasks", DAG)
    wait_until("the new Dag is seen", lambda: api.dag("slow_tasks"), timeout_s=45)
    api.unpause("slow_tasks")
    run = api.trigger("slow_tasks", {})
    wait_until("tasks run", lambda: _in(api, run, "running"))

    checkout.airfleet("scale", "airflow-worker=4")
    ran_on_third = wait_until(
        "a new worker takes tasks", lambda: [t for t in api.tasks(run) if t.hostname in ("127.0.1.3", "127.0.1.4")]
    )
    assert ran_on_third
    assert _in(api, run, "running"), "nothing was left to run when the scale-down began: it would prove nothing"
    checkout.airfleet("scale", "airflow-worker=1")
    assert [s["name"] for s in checkout.json("status") if "worker" in s["name"]] == ["airflow-worker-1"]

    done = wait_until("the run ends", lambda: _finished(api, run), timeout_s=180)
    assert done.state == "success"
    tasks = api.tasks(run)
    assert len(tasks) == 40
    assert {(task.state, task.tries) for task in tasks} == {("success", 1)}
    checkout.airfleet("scale", "airflow-worker=2")


def test_down_lets_running_tasks_finish(checkout: Checkout, api: AirflowApi) -> None:
    run = api.trigger("slow_tasks", {})
    started = wait_until("tasks run", lambda: _in(api, run, "running"))
    checkout.airfleet("down")
    assert checkout.airfleet("status", check=False).returncode == 1
    checkout.airfleet("up")
    done = wait_until("the run ends after the restart", lambda: _finished(api, run), timeout_s=180)
    tasks = {task.map_index: task for task in api.tasks(run)}
    assert done.state == "success"
    assert {(tasks[t.map_index].state, tasks[t.map_index].tries) for t in started} == {("success", 1)}
    assert json.dumps(sorted(tasks)) == json.dumps(list(range(40)))


def _in(api: AirflowApi, run: DagRun, state: str) -> list[TaskRun]:
    return [task for task in api.tasks(run) if task.state == state]


def _finished(api: AirflowApi, run: DagRun) -> DagRun | None:
    now = api.run(run)
    return now if now.state in ("success", "failed") else None
