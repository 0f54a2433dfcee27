"""Workers come and go under load, and no task uses up a try."""

from support.checkout import Checkout, wait_until

from airfleet.api import AirflowApi, DagRun, TaskRun

DAG = '''
"""Tasks that take a while."""
import time

from airflow.sdk import dag, task


@dag(dag_id="{dag_id}", schedule=None, tags=["test"])
def slow_tasks():
    @task(retries=2)
    def wait(number: int) -> int:
        time.sleep(15)
        return number

    wait.expand(number=list(range({count})))


slow_tasks()
'''


def test_scaling_2_to_4_to_1_while_tasks_run_uses_up_no_try(checkout: Checkout, api: AirflowApi) -> None:
    run = _start(checkout, api, "many_slow_tasks", 120)
    checkout.airfleet("scale", "airflow-worker=4")
    wait_until("a new worker takes tasks", lambda: _on(api, run, "127.0.1.3", "127.0.1.4"), timeout_s=180)
    leaving = _in(api, run, "running")
    assert leaving, "nothing was left to run when the scale-down began: it would prove nothing"
    checkout.airfleet("scale", "airflow-worker=1")
    assert [s["name"] for s in checkout.json("status") if "worker" in s["name"]] == ["airflow-worker-1"]

    done = wait_until("the run ends", lambda: _finished(api, run), timeout_s=900)
    assert done.state == "success"
    tasks = api.tasks(run)
    assert len(tasks) == 120
    assert {(task.state, task.tries) for task in tasks} == {("success", 1)}
    checkout.airfleet("scale", "airflow-worker=2")


def test_down_lets_running_tasks_finish(checkout: Checkout, api: AirflowApi) -> None:
    run = _start(checkout, api, "few_slow_tasks", 24)
    started = _in(api, run, "running")
    checkout.airfleet("down")
    assert checkout.airfleet("status", check=False).returncode == 1
    checkout.airfleet("up")
    done = wait_until("the run ends after the restart", lambda: _finished(api, run), timeout_s=900)
    tasks = {task.map_index: task for task in api.tasks(run)}
    assert done.state == "success"
    assert {(tasks[task.map_index].state, tasks[task.map_index].tries) for task in started} == {("success", 1)}
    assert sorted(tasks) == list(range(24))


def _start(checkout: Checkout, api: AirflowApi, dag_id: str, count: int) -> DagRun:
    """Add a Dag of *count* slow tasks, and return its run when tasks of it run."""
    checkout.add_dag(dag_id, DAG.format(dag_id=dag_id, count=count))
    wait_until("the new Dag is seen", lambda: api.dag(dag_id), timeout_s=120)
    api.unpause(dag_id)
    run = api.trigger(dag_id, {})
    wait_until("tasks run", lambda: _in(api, run, "running"), timeout_s=180)
    return run


def _on(api: AirflowApi, run: DagRun, *hostnames: str) -> list[TaskRun]:
    return [task for task in api.tasks(run, with_rows=False) if task.hostname in hostnames]


def _in(api: AirflowApi, run: DagRun, state: str) -> list[TaskRun]:
    return [task for task in api.tasks(run, with_rows=False) if task.state == state]


def _finished(api: AirflowApi, run: DagRun) -> DagRun | None:
    now = api.run(run)
    return now if now.state in ("success", "failed") else None
