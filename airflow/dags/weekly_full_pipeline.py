"""Bring the shop's new files in every Sunday at 04:00 Indian time, build the marts, check, report and mail.

**Reads** the source folder: every file that is new, late or corrected since the last good load. **Writes** `raw`,
`core`, `quarantine`, `marts`, `quality`, a report under the shop's reports folder, and a mail to the Airflow variable
`mail_to`. **Safe to rerun** from any task: a file is known by its content, each step replaces its own rows. Files that
cannot be taken, too many bad rows, totals that disagree and a low score fail at once. More: docs/pipelines.md.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from airflow.sdk import CronDataIntervalTimetable, dag, task
from shop_tasks import CORE, DEFAULTS, MARTS, QUALITY, measure, report_link, result, send_mail, step, tell_lineage

from airfleet.sla.deadline import run_deadline
from airfleet.sla.declare import sla
from retail import checks, ingest, marts, notify, quality, report


@dag(
    dag_id="weekly_full_pipeline",
    schedule=CronDataIntervalTimetable("0 4 * * 0", timezone="Asia/Kolkata"),
    start_date=datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Kolkata")),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    deadline=run_deadline(hours=1),
    tags=["shop", "load", "report", "weekly"],
    doc_md=__doc__,
)
def weekly_full_pipeline() -> None:
    @task(**sla(minutes=10))
    def data_validation() -> dict[str, object]:
        with step() as s:
            found = ingest.validate_source(s.conn, s.settings)
            s.audit.rows_in = s.audit.rows_out = found.rows
            return result(found.rows, files=found.files, fresh=found.fresh)

    @task(outlets=[CORE], **sla(minutes=15))
    def data_ingestion(validated: dict) -> dict[str, object]:
        with step() as s:
            loaded = ingest.load(s.conn, s.settings, validated["fresh"], s.run_id)
            s.audit.source_sha256, s.audit.rows_in, s.audit.rows_out = loaded.sha256, loaded.new_rows, loaded.core
            tell_lineage(loaded.version, CORE)
            books = {"core": loaded.core, "quarantined": loaded.quarantined, "repeats": loaded.identical_skipped}
            measure(rows_loaded_total=loaded.new_rows, rows_quarantined=loaded.quarantined)
            return result(loaded.read, new_rows=loaded.new_rows, seconds=loaded.seconds, **books)

    @task(inlets=[CORE], outlets=list(MARTS.values()), **sla(minutes=10))
    def data_transformation() -> dict[str, object]:
        with step() as s:
            built = marts.refresh_all(s.conn, s.run_id)
            s.audit.rows_out = sum(mart.rows for mart in built)
            tell_lineage(built[0].version, *MARTS.values())
            return result(s.audit.rows_out, **{mart.mart: mart.rows for mart in built})

    @task(outlets=[QUALITY], **sla(minutes=10))
    def quality_checks() -> dict[str, object]:
        with step() as s:
            rows = quality.begin(s.conn, s.run_id, s.end)
            for dimension in checks.DIMENSIONS:
                quality.check_dimension(s.conn, s.run_id, dimension)
            found = quality.score(s.conn, s.run_id, s.settings.score_threshold)
            totals = marts.verify(s.conn, s.run_id)
            s.audit.rows_in = s.audit.rows_out = rows
            measure(quality_score_ratio=found.score / 100, net_revenue_rupees=totals.net_cents / 100)
            return result(rows, score=found.score, grade=found.grade)

    @task(**sla(minutes=5))
    def reporting() -> dict[str, object]:
        with step() as s:
            facts = report.gather(s.conn, s.run_id, s.end)
            path = report.write(s.settings.report_dir, facts)
            s.audit.rows_out = len(facts.days)
            return result(len(facts.days), report=path.name)

    @task(**sla(minutes=5))
    def completion() -> dict[str, object]:
        with step() as s:
            facts = report.gather(s.conn, s.run_id, s.end)
            mailed = send_mail(*notify.completion(facts, report_link()))
            s.audit.rows_out = facts.read
            return result(facts.read, mailed=mailed)

    loaded = data_ingestion(data_validation())
    loaded >> data_transformation() >> quality_checks() >> reporting() >> completion()


weekly_full_pipeline()
