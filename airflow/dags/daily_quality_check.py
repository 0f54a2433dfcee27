"""Score the shop's data every night at 02:00 Indian time, and fail when the score is under its threshold.

**Reads** the day's drop files (those of the run's interval) and every row the warehouse read up to the interval's
end. **Writes** the day's rows (raw, core, quarantine) and the run's results in `quality.*`. **Safe to rerun**: a
file is loaded once, and a run's results replace its earlier ones. A score under `RETAIL_SCORE_THRESHOLD` or a file
that cannot be taken fails at once, without retries. More: docs/pipelines.md.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from airflow.sdk import CronDataIntervalTimetable, dag, task
from shop_tasks import CORE, DEFAULTS, QUALITY, measure, result, step, tell_lineage

from airfleet.sla.deadline import run_deadline
from airfleet.sla.declare import sla
from retail import ingest, quality


@dag(
    dag_id="daily_quality_check",
    schedule=CronDataIntervalTimetable("0 2 * * *", timezone="Asia/Kolkata"),
    start_date=datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Kolkata")),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    deadline=run_deadline(minutes=30),
    tags=["shop", "quality", "daily"],
    doc_md=__doc__,
)
def daily_quality_check() -> None:
    @task(outlets=[CORE], **sla(minutes=10))
    def validate_data_schema() -> dict[str, object]:
        """Look at the interval's drop files, load them, and open the run of the checks."""
        with step() as s:
            found = ingest.validate_source(s.conn, s.settings, (s.start, s.end))
            loaded = ingest.load(s.conn, s.settings, found.fresh, s.run_id)
            rows = quality.begin(s.conn, s.run_id, s.end)
            s.audit.source_sha256, s.audit.rows_in, s.audit.rows_out = loaded.sha256, loaded.new_rows, rows
            tell_lineage(loaded.version, CORE)
            measure(rows_loaded_total=loaded.new_rows, rows_quarantined=loaded.quarantined)
            return result(rows, files=found.files, new_rows=loaded.new_rows)

    def check(dimension: str) -> dict[str, object]:
        with step() as s:
            found = quality.check_dimension(s.conn, s.run_id, dimension)
            s.audit.rows_in, s.audit.rows_out = found.rows, found.offences
            return result(found.rows, offences=found.offences, seconds=found.seconds)

    @task(inlets=[CORE], **sla(minutes=5))
    def check_data_completeness() -> dict[str, object]:
        return check("completeness")

    @task(inlets=[CORE], **sla(minutes=5))
    def check_data_validity() -> dict[str, object]:
        return check("validity")

    @task(inlets=[CORE], **sla(minutes=5))
    def check_data_consistency() -> dict[str, object]:
        return check("consistency")

    @task(outlets=[QUALITY], **sla(minutes=5))
    def calculate_quality_score() -> dict[str, object]:
        with step() as s:
            found = quality.score(s.conn, s.run_id, s.settings.score_threshold)
            s.audit.rows_in = s.audit.rows_out = found.rows
            measure(quality_score_ratio=found.score / 100)
            return result(found.rows, score=found.score, grade=found.grade, **found.by_dimension)

    checks = [check_data_completeness(), check_data_validity(), check_data_consistency()]
    validate_data_schema() >> checks >> calculate_quality_score()


daily_quality_check()
