"""Deleting old rows of the metadata database, in the webserver."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.db_cleanup import config_list
from airflow.utils.session import create_session
from airflow.utils.state import State
from sqlalchemy import func, inspect, literal, select
from sqlalchemy.orm import Session

_FOUND = re.compile(r"^Checking table (\w+)\s+Found (\d+) rows meeting deletion criteria", re.M)


def clean(days: int, *, dry_run: bool) -> dict[str, Any]:
    """Delete rows older than *days*, with Airflow's own `db clean`, and return how many it found in each table.

    Returns also `before`, the time before which rows are deleted, and `unfinished`, the runs that are not finished, as
    `dag_id/run_id`. Their rows are kept, however old they are. Raises CalledProcessError, with Airflow's output, when a
    table could not be cleaned.
    """
    with create_session() as session:
        before = min(datetime.now(UTC) - timedelta(days=days), _oldest_unfinished(session))
        unfinished = [f"{dag_id}/{run_id}" for dag_id, run_id in session.execute(_unfinished()).all()]
        if not is_anything_old(session, before):
            # A new stack saves the seconds that a start of Airflow's command line takes.
            return {"before": before.isoformat(), "rows": {}, "unfinished": unfinished}
    command = [sys.executable, "-m", "airflow", "db", "clean", "--clean-before-timestamp", before.isoformat()]
    command += ["--skip-archive", "--error-on-cleanup-failure", "--dry-run" if dry_run else "--yes"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = {table: int(count) for table, count in _FOUND.findall(done.stdout) if int(count)}
    return {"before": before.isoformat(), "rows": rows, "unfinished": unfinished}


def is_anything_old(session: Session, before: datetime) -> bool:
    """Return whether a table that `db clean` cleans has an older row; it may still keep that row."""
    there = set(inspect(session.connection()).get_table_names())
    for table in config_list:
        old = select(literal(1)).select_from(table.orm_model).where(table.recency_column < before).limit(1)
        if table.orm_model.name in there and session.scalar(old):
            return True
    return False


def _unfinished() -> Any:
    return select(DagRun.dag_id, DagRun.run_id).where(DagRun.state.in_(State.unfinished_dr_states))


def _oldest_unfinished(session: Session) -> datetime:
    """Return a time before the start of the oldest unfinished run or task; now, when there is none."""
    runs = select(func.min(func.coalesce(DagRun.start_date, DagRun.queued_at))).where(
        DagRun.state.in_(State.unfinished_dr_states)
    )
    tasks = select(func.min(TaskInstance.start_date)).where(TaskInstance.state.in_(("running", "deferred")))
    began: list[datetime] = [found for query in (runs, tasks) if (found := session.scalar(query)) is not None]
    return min([datetime.now(UTC), *(time - timedelta(seconds=1) for time in began)])
