"""The bench's workloads, and their durations."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import resources
from typing import Any

import psycopg2

from airfleet.config.errors import AirfleetError
from airfleet.operate.airflow_api import AirflowApi
from airfleet.stack.roles import postgres_dsn
from bench.account import Meter, Use
from bench.instance import Instance

_POLL_S = 0.1
_TIMEOUT_S = 900.0


@dataclass(frozen=True)
class Ran:
    """One finished run: how many of its tasks succeeded, and seconds from its start to its last task's end."""

    tasks: int
    seconds: float
    use: Use

    @property
    def cpu_per_task_s(self) -> float:
        """CPU seconds of all roles for each task."""
        return self.use.total_cpu_s / self.tasks


@contextmanager
def metadata(of: Instance) -> Iterator[Any]:
    """Give a cursor on the instance's metadata database."""
    settings = of.stack.settings
    dsn = postgres_dsn("postgres", settings.postgres_password, of.stack.addresses.postgres, "airflow")
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def database_bytes(of: Instance) -> int:
    """Return the size of the instance's metadata database."""
    with metadata(of) as cursor:
        cursor.execute("SELECT pg_database_size('airflow')")
        return int(cursor.fetchone()[0])


def run(of: Instance, dag_id: str, conf: dict[str, Any], expected: int) -> Ran:
    """Run a Dag to its end; raises AirfleetError unless *expected* tasks succeeded."""
    query = resources.files("bench").joinpath("run.sql").read_text()
    with AirflowApi(of.stack.settings) as api, metadata(of) as cursor:
        _known(api, dag_id)
        meter = Meter(of)
        started = api.trigger(dag_id, conf)
        deadline = time.monotonic() + _TIMEOUT_S
        while True:
            cursor.execute(query, {"dag_id": dag_id, "run_id": started.run_id})
            state, succeeded, seconds = cursor.fetchone()
            if state in ("success", "failed"):
                break
            if time.monotonic() > deadline:
                raise AirfleetError(f"{of.profile}: {dag_id} is {state} after {_TIMEOUT_S:.0f} s, {succeeded} done.")
            time.sleep(_POLL_S)
        use = meter.use()
    if state != "success" or succeeded != expected:
        raise AirfleetError(f"{of.profile}: {dag_id} {state} with {succeeded} of {expected} tasks done.")
    return Ran(succeeded, float(seconds), use)


def burst(of: Instance, tasks: int) -> Ran:
    """Run *tasks* tasks that do nothing, and the task that creates them."""
    return run(of, "bench_burst", {"tasks": tasks}, tasks + 1)


def chain(of: Instance, tasks: int) -> Ran:
    """Run *tasks* tasks that do nothing, one after the other; bench_chain.py says which numbers there are."""
    return run(of, f"bench_chain_{tasks}", {}, tasks)


def _known(api: AirflowApi, dag_id: str) -> None:
    deadline = time.monotonic() + _TIMEOUT_S
    while (dag := api.dag(dag_id)) is None:
        if time.monotonic() > deadline:
            raise AirfleetError(f"{dag_id} is not parsed after {_TIMEOUT_S:.0f} s.", *api.import_errors())
        time.sleep(_POLL_S)
    if dag.is_paused:
        api.unpause(dag_id)
