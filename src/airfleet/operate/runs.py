"""Running Dags and following their runs."""

import time
from collections.abc import Callable, Iterable

from airfleet.config.errors import AirfleetError
from airfleet.operate.airflow_api import FINISHED, AirflowApi, DagRun, TaskRun

_POLL_S = 1.0
# A new file is listed within 15 s and parsed within a few more.
_KNOWN_TIMEOUT_S = 120.0
_SCHEDULED_TIMEOUT_S = 60.0

Watch = Callable[[DagRun, list[TaskRun]], None]


def first_run(api: AirflowApi, dag_id: str, watch: Watch) -> DagRun:
    """Unpause the Dag and follow one run; return the finished run.

    An earlier successful run counts, and a running one is followed. If unpausing starts a scheduled run, that one is
    followed; otherwise a manual run is triggered.
    """
    _wait_until_known(api, dag_id)
    runs = api.runs(dag_id)
    done = [run for run in runs if run.state == "success"]
    if done:
        _unpause(api, dag_id)
        return done[0]
    under_way = [run for run in runs if run.state not in FINISHED]
    if under_way:
        _unpause(api, dag_id)
        return follow(api, under_way[-1], watch)
    starts_by_itself = _unpause(api, dag_id)
    started = _wait_for_scheduled_run(api, dag_id, runs) if starts_by_itself else api.trigger(dag_id, {})
    return follow(api, started, watch)


def follow(api: AirflowApi, run: DagRun, watch: Watch) -> DagRun:
    """Return *run* when it has finished; *watch* is called with its tasks after each change."""
    seen: list[TaskRun] = []
    while True:
        run = api.run(run)
        tasks = api.tasks(run, with_rows=False)
        if tasks != seen:
            watch(run, tasks)
            seen = tasks
        if run.state in FINISHED:
            return run
        time.sleep(_POLL_S)


def _unpause(api: AirflowApi, dag_id: str) -> bool:
    """Unpause the Dag; return whether the scheduler now starts a run by itself."""
    dag = api.dag(dag_id)
    if dag is None or not dag.is_paused:
        return False
    api.unpause(dag_id)
    return dag.due


def _wait_until_known(api: AirflowApi, dag_id: str) -> None:
    deadline = time.monotonic() + _KNOWN_TIMEOUT_S
    while api.dag(dag_id) is None:
        errors = api.import_errors()
        if time.monotonic() > deadline or any(dag_id in error for error in errors):
            raise AirfleetError(unknown_dag(dag_id, api.dag_ids()), *errors)
        time.sleep(_POLL_S)


def unknown_dag(dag_id: str, known: Iterable[str]) -> str:
    """Return the error for a Dag id that the webserver does not know."""
    names = ", ".join(known) or "none"
    return (
        f"There is no Dag {dag_id!r}; the webserver knows: {names}. `./airfleet check` shows files that do not parse."
    )


def _wait_for_scheduled_run(api: AirflowApi, dag_id: str, before: list[DagRun]) -> DagRun:
    known = {run.run_id for run in before}
    deadline = time.monotonic() + _SCHEDULED_TIMEOUT_S
    while time.monotonic() < deadline:
        new = [run for run in api.runs(dag_id) if run.run_id not in known]
        if new:
            return new[-1]
        time.sleep(_POLL_S)
    raise AirfleetError(
        f"The scheduler started no run of {dag_id} within {_SCHEDULED_TIMEOUT_S:.0f} s."
        " See `./airfleet logs airflow-scheduler`."
    )
