"""Tasks that take a while and write rows: what the fault tests run. Copied into the stack's Dag folder.

Each task replaces its own rows in one transaction, so however often it runs, its rows are there once. The table has
no key on purpose: a second copy of a row would be seen, not refused.
"""

import hashlib
import os
import signal
import time
from datetime import timedelta
from typing import Any

import psycopg2
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import BaseOperator, dag, get_current_context, task

ROWS_PER_TASK = 10
RETRIES = {"retries": 6, "retry_delay": timedelta(seconds=5)}


def write_rows(number: int) -> dict[str, int]:
    """Replace the rows of task *number* of this run; note that it was done, by which try and process."""
    context = get_current_context()
    run_id, dag_id, try_number = context["run_id"], context["dag"].dag_id, context["ti"].try_number
    rows = [
        (dag_id, run_id, number, part, hashlib.sha256(f"{number}:{part}".encode()).hexdigest())
        for part in range(ROWS_PER_TASK)
    ]
    with psycopg2.connect(os.environ["AIRFLOW_CONN_WAREHOUSE"]) as connection, connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM faults.written WHERE dag_id = %s AND run_id = %s AND number = %s", (dag_id, run_id, number)
        )
        cursor.executemany("INSERT INTO faults.written VALUES (%s, %s, %s, %s, %s)", rows)
        cursor.execute(
            "INSERT INTO faults.commits VALUES (%s, %s, %s, %s, %s)",
            (dag_id, run_id, number, try_number, os.getpid()),
        )
    connection.close()
    print(f"wrote {len(rows)} rows")
    return {"rows": len(rows)}


def note_start(number: int) -> None:
    """Note that task *number* of this run began to work, by which try and process."""
    context = get_current_context()
    with psycopg2.connect(os.environ["AIRFLOW_CONN_WAREHOUSE"]) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO faults.starts VALUES (%s, %s, %s, %s, %s)",
            (context["dag"].dag_id, context["run_id"], number, context["ti"].try_number, os.getpid()),
        )
    connection.close()


@task(**RETRIES)
def numbers() -> list[int]:
    """Return one number for each task of the run."""
    return list(range(get_current_context()["dag_run"].conf["count"]))


@dag(dag_id="faults", schedule=None, max_active_runs=64, tags=["test"])
def faults() -> None:
    @task(**RETRIES)
    def write(number: int) -> dict[str, int]:
        note_start(number)
        time.sleep(get_current_context()["dag_run"].conf["seconds"])
        return write_rows(number)

    write.expand(number=numbers())


class WaitThenWrite(BaseOperator):
    """Wait in the triggerer, then write."""

    def __init__(self, *, number: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.number = number

    def execute(self, context: Any) -> None:
        note_start(self.number)
        seconds = context["dag_run"].conf["seconds"]
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=seconds)), method_name="resume")

    def resume(self, context: Any, event: Any) -> dict[str, int]:
        """Go on after the wait."""
        return write_rows(self.number)


@dag(dag_id="faults_deferred", schedule=None, max_active_runs=64, tags=["test"])
def faults_deferred() -> None:
    WaitThenWrite.partial(task_id="write", **RETRIES).expand(number=numbers())


@dag(dag_id="faults_greedy", schedule=None, max_active_runs=64, tags=["test"])
def faults_greedy() -> None:
    """Its first try ends as the kernel ends a process that asks for too much memory."""

    @task(**RETRIES)
    def write(number: int) -> dict[str, int]:
        note_start(number)
        time.sleep(get_current_context()["dag_run"].conf["seconds"])
        if get_current_context()["ti"].try_number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return write_rows(number)

    write.expand(number=numbers())


faults()
faults_deferred()
faults_greedy()
