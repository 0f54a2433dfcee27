"""Delete old rows of the metadata database, Celery's results and task logs.

`METADATA_RETENTION_DAYS` and `LOG_RETENTION_DAYS` in `.env` set the age. The first task only counts, and prints what
would be deleted; the others delete. Runs that are not finished are kept, however old they are, and so is the last run
of each Dag. Start it with `{"dry_run": true}` to count and stop there.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import CronTriggerTimetable, Variable, dag, task
from airflow.sdk.exceptions import AirflowSkipException

SECONDS_A_DAY = 86_400


def _old_logs(unfinished: list[str]) -> tuple[Path, list[Path]]:
    from airflow.sdk.configuration import conf

    from airfleet.runtime.maintenance import old_logs, web_page

    folder = Path(conf.get("logging", "base_log_folder"))
    before = time.time() - int(Variable.get(web_page.LOG_DAYS)) * SECONDS_A_DAY
    return folder, list(old_logs.old(folder, before, unfinished))


@dag(
    dag_id="airfleet_maintenance",
    # A stack runs a missed cleaning when it starts, and at its first start too, when nothing is old.
    schedule=CronTriggerTimetable("30 5 * * *", timezone="UTC"),
    is_paused_upon_creation=False,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
    params={"dry_run": False},
    tags=["airfleet"],
    doc_md=__doc__,
)
def airfleet_maintenance() -> None:
    @task
    def count() -> dict[str, Any]:
        from airfleet.runtime.maintenance import web_page

        found = web_page.ask_to_clean(dry_run=True)
        folder, files = _old_logs(found["unfinished"])
        print(f"Rows from before {found['before']}:", found["rows"] or "none")
        print(f"Log files under {folder}: {len(files)}")
        return {**found, "rows": sum(found["rows"].values()), "files": len(files)}

    @task
    def clean_database(params: dict[str, Any] | None = None) -> dict[str, Any]:
        from airfleet.runtime.maintenance import web_page

        _unless_dry(params)
        found = web_page.ask_to_clean(dry_run=False)
        print(f"Deleted from before {found['before']}:", found["rows"] or "nothing")
        return {"rows": sum(found["rows"].values())}

    @task
    def clean_results(params: dict[str, Any] | None = None) -> dict[str, Any]:
        from airflow.providers.celery.executors.celery_executor_utils import app

        _unless_dry(params)
        # Celery's own cleaning: results older than its result_expires, one day.
        app.backend.cleanup()
        return {"rows": 0}

    @task
    def clean_logs(counted: dict[str, Any], params: dict[str, Any] | None = None) -> dict[str, Any]:
        from airfleet.runtime.maintenance import old_logs

        _unless_dry(params)
        folder, files = _old_logs(counted["unfinished"])
        old_logs.delete(folder, files)
        print(f"Deleted {len(files)} log files under {folder}.")
        return {"rows": len(files)}

    counted = count()
    cleaned = [clean_database(), clean_results(), clean_logs(counted)]
    counted >> cleaned


def _unless_dry(params: dict[str, Any] | None) -> None:
    if params and params["dry_run"]:
        raise AirflowSkipException("a dry run: nothing is deleted")


airfleet_maintenance()
