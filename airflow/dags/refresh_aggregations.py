"""Rebuild the shop's four marts from core every night at 03:00 Indian time, and prove that they agree with it.

**Reads** `core`. **Writes** `marts.*`, each mart in one transaction, so that readers never see a half-built one, and
a row of `marts.builds` with its rows and seconds. **Safe to rerun** and to overlap with a load: a mart that shows an
older load than core is rebuilt before the totals are compared. A total that disagrees fails at once, without retries.
More: docs/pipelines.md.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from airflow.sdk import CronDataIntervalTimetable, dag, task
from shop_tasks import CORE, DEFAULTS, MARTS, measure, result, step, tell_lineage

from airfleet.sla.deadline import run_deadline
from airfleet.sla.declare import sla
from retail import marts


@dag(
    dag_id="refresh_aggregations",
    schedule=CronDataIntervalTimetable("0 3 * * *", timezone="Asia/Kolkata"),
    start_date=datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Kolkata")),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    deadline=run_deadline(minutes=30),
    tags=["shop", "marts", "daily"],
    doc_md=__doc__,
)
def refresh_aggregations() -> None:
    def refresh(mart: str) -> dict[str, object]:
        with step() as s:
            built = marts.refresh(s.conn, mart, s.run_id)
            s.audit.rows_out = built.rows
            tell_lineage(built.version, MARTS[mart])
            return result(built.rows, net_cents=built.net_cents, load=built.version, seconds=built.seconds)

    refreshed = [
        task(task_id=f"refresh_{mart}", inlets=[CORE], outlets=[MARTS[mart]], **sla(minutes=5))(refresh)(mart)
        for mart in marts.MARTS
    ]

    @task(inlets=list(MARTS.values()), **sla(minutes=5))
    def verify_aggregations() -> dict[str, object]:
        with step() as s:
            found = marts.verify(s.conn, s.run_id)
            s.audit.rows_in = s.audit.rows_out = found.rows
            measure(net_revenue_rupees=found.net_cents / 100)
            return result(found.rows, net_cents=found.net_cents, load=found.version, rebuilt=found.rebuilt)

    refreshed >> verify_aggregations()


refresh_aggregations()
