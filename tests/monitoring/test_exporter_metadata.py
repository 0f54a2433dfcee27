"""What the exporter sees in the metadata database: a real Postgres with Airflow's own schema."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from airflow.models.dagrun import DagRun
from airflow.models.deadline import Deadline
from psycopg2 import sql
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session
from support.metadata import Meta, look, values

from airfleet.observe.exporter.metadata import Metadata
from airfleet.observe.exporter.queries import Database
from airfleet.observe.exporter.waiting import Workers
from airfleet.sla import ended_runs
from airfleet.sla.declare import sla

REPO = Path(__file__).parents[2]


@pytest.fixture
def database(postgres: Any) -> Iterator[Database]:
    """A connection with the exporter's own, read-only role."""
    one = Database(postgres.url("monitoring_reader"), timeout_s=5)
    yield one
    one.close()


def test_ages_and_tries_of_unfinished_tasks_are_those_of_the_oldest(meta: Meta, database: Database) -> None:
    meta.dag("sales")
    meta.task("sales", "load", "running", 40)
    meta.task("sales", "load", "running", 90, map_index=1)
    meta.task("sales", "late", "queued", 30)
    meta.task("sales", "again", "up_for_retry", try_number=2)
    meta.task("sales", "done", "success", try_number=5)
    found = look(Metadata(database, Workers))
    assert values(found, "airflow_db_running_age_seconds") == {("sales", "load"): pytest.approx(90, abs=5)}
    queued = values(found, "airflow_db_queued_age_seconds")
    assert queued == {("default",): pytest.approx(30, abs=5)}
    assert values(found, "airflow_db_task_tries") == {("sales", "again"): 3}
    assert values(found, "airflow_db_unfinished_runs") == {("sales", "running"): 1}
    states = values(found, "airflow_db_unfinished_tasks")
    assert {state for (state,) in states} == {
        "scheduled", "queued", "running", "deferred", "up_for_retry", "up_for_reschedule", "awaiting_input",
    }  # fmt: skip
    assert {key: count for key, count in states.items() if count} == {
        ("queued",): 1,
        ("running",): 2,
        ("up_for_retry",): 1,
    }


def test_a_try_that_waits_outside_a_worker_grows_older_from_its_first_start(meta: Meta, database: Database) -> None:
    meta.dag("sales")
    meta.task("sales", "deferred", "deferred", 70)
    meta.task("sales", "asks_a_person", "awaiting_input", 80)
    meta.task("sales", "pokes", "running", 3)
    meta.reschedule("pokes", 90)
    meta.reschedule("pokes", 60)
    meta.task("sales", "sleeps", "up_for_reschedule", 5)
    meta.reschedule("sleeps", 95)
    meta.task("sales", "resumes", "queued", 1, next_method="execute_complete")
    meta.do("UPDATE task_instance SET start_date = now() - interval '75 seconds' WHERE task_id = 'resumes'")
    meta.task("sales", "tries_again", "queued", 1, try_number=2)
    meta.do("UPDATE task_instance SET start_date = now() - interval '99 seconds' WHERE task_id = 'tries_again'")
    found = values(look(Metadata(database, Workers)), "airflow_db_running_age_seconds")
    ages = {"deferred": 70, "asks_a_person": 80, "pokes": 90, "sleeps": 95, "resumes": 75}
    assert found == {("sales", task_id): pytest.approx(age, abs=5) for task_id, age in ages.items()}


@pytest.mark.parametrize("left", [0, 1], ids=["in time", "late"])
@pytest.mark.parametrize("settle", [ended_runs.on_dag_run_failed, ended_runs.on_dag_run_success])
def test_a_run_that_ended_before_its_deadline_has_met_it(
    meta: Meta, postgres: Any, left: int, settle: Callable[..., None]
) -> None:
    meta.dag("sales")
    meta.deadline("sales", missed=False, due_in_s=60)
    meta.do("UPDATE dag_run SET state = 'failed', end_date = now() + %s * interval '1 second'", 50 + 20 * left)
    engine = create_engine(postgres.url().replace("://", "+psycopg2://"))
    with Session(engine) as session, session.begin():
        settle(dag_run=session.scalars(select(DagRun)).one(), msg="")
        assert session.scalar(select(func.count()).select_from(Deadline)) == left
    engine.dispose()


def test_deadlines_are_told_apart_as_missed_overdue_and_pending(meta: Meta, database: Database) -> None:
    meta.dag("sales")
    for missed, due_in_s in ((True, -60), (False, -60), (False, 60), (False, 90)):
        meta.deadline("sales", missed, due_in_s)
    found = values(look(Metadata(database, Workers)), "airflow_db_deadlines")
    assert found == {("sales", "", "missed"): 1, ("sales", "", "overdue"): 1, ("sales", "", "pending"): 2}


def test_task_slas_come_from_the_newest_serialised_dag(meta: Meta, database: Database) -> None:
    meta.dag("sales")
    meta.dag("free")
    meta.dag("packed")
    with_sla = {"tasks": [{"__var": {"task_id": "load", **sla(minutes=5)}}]}
    mapped = {"tasks": [{"__var": {"task_id": "each", "partial_kwargs": sla(seconds=9)}}], "deadline": None}
    meta.serialized("sales", with_sla)
    meta.serialized("free", {"tasks": [{"__var": {"task_id": "any"}}]})
    meta.serialized("packed", mapped, compress=True)
    source = Metadata(database, Workers)
    found = look(source)
    assert values(found, "airflow_task_sla_seconds") == {("sales", "load"): 300, ("packed", "each"): 9}
    assert values(found, "airflow_dag_sla_declared") == {("free",): 0, ("packed",): 1, ("sales",): 1}

    meta.serialized("sales", {"tasks": [{"__var": {"task_id": "load", **sla(minutes=7)}}]})
    meta.serialized("free", {"tasks": [], "deadline": ["an-id"]})
    found = look(source)
    assert values(found, "airflow_task_sla_seconds")["sales", "load"] == 420
    assert values(found, "airflow_dag_sla_declared")["free",] == 1


def test_ends_and_kills_are_counted_from_the_audit_log_once_each(meta: Meta, database: Database) -> None:
    meta.dag("sales")
    tasks = ("good", "clean_retry", "killed_retry", "clean_fail", "killed_fail", "lost")
    for task in tasks:
        meta.task("sales", task, "running")
    meta.log("sales", "good", "success")
    source = Metadata(database, Workers)
    assert not any(values(look(source), "airflow_db_task_ends_total").values()), "what ended before it began"

    meta.log("sales", "good", "success")
    meta.history("sales", "clean_retry", 1)
    meta.log("sales", "clean_retry", "up_for_retry")
    meta.log("sales", "killed_retry", "up_for_retry")
    meta.end_mark("sales", "clean_fail", 1)
    meta.log("sales", "clean_fail", "failed")
    meta.log("sales", "killed_fail", "failed")
    meta.log("sales", "lost", "heartbeat timeout")
    meta.log("sales", "lost", "failed")
    meta.log("sales", "good", "running")
    for _ in range(2):
        found = look(source)
        ends = values(found, "airflow_db_task_ends_total")
        assert ends == {("sales", "success"): 1, ("sales", "up_for_retry"): 2, ("sales", "failed"): 3}
        kills = values(found, "airflow_db_tasks_killed_total")
        assert kills == {
            ("sales", "signal"): 2,
            ("sales", "heartbeat_lost"): 1,
            ("sales", "state_mismatch"): 0,
        }


def test_a_dags_counters_are_there_before_anything_ends(meta: Meta, database: Database) -> None:
    meta.dag("sales")
    meta.serialized("sales", {"tasks": []})
    found = look(Metadata(database, Workers))
    ends = values(found, "airflow_db_task_ends_total")
    assert ends == {("sales", state): 0 for state in ("success", "failed", "up_for_retry")}


def test_a_failing_tasks_counter_says_since_when_it_counts(meta: Meta, database: Database) -> None:
    """Prometheus then takes 0 as its earlier value, and sees the first failure as a rise."""
    meta.dag("sales")
    for task in ("breaks", "good"):
        meta.task("sales", task, "running")
    source = Metadata(database, Workers)
    meta.log("sales", "good", "success")
    look(source)
    before = time.time()
    meta.log("sales", "breaks", "up_for_retry")
    meta.log("sales", "breaks", "up_for_retry", try_number=2)
    meta.log("sales", "good", "success")
    found = look(source)
    assert values(found, "airflow_db_task_failures_total") == {("sales", "breaks", "up_for_retry"): 2}
    created = values(found, "airflow_db_task_failures_created")
    assert before <= created["sales", "breaks", "up_for_retry"] <= time.time()


def test_heartbeats_are_as_old_as_the_newest_of_each_kind(meta: Meta, database: Database) -> None:
    for job_type, age_s in (("SchedulerJob", 300), ("SchedulerJob", 5), ("TriggererJob", 90)):
        meta.job(job_type, age_s)
    found = values(look(Metadata(database, Workers)), "airflow_db_heartbeat_age_seconds")
    assert found == {("scheduler",): pytest.approx(5, abs=5), ("triggerer",): pytest.approx(90, abs=5)}


@pytest.mark.parametrize(
    ("late", "columns"),
    [
        (True, {}),
        (True, {"state": "queued", "start_date": None}),
        (False, {"run_type": "backfill"}),
        (False, {"run_type": "manual"}),
        (False, {"clear_number": 1}),
    ],
)
def test_only_scheduled_runs_are_late(meta: Meta, database: Database, late: bool, columns: dict[str, object]) -> None:
    meta.dag("sales")
    meta.do("UPDATE dag_run SET queued_at = now() - interval '1 day', run_after = now() - interval '1 day'")
    meta.run("sales", "r2", due_s_ago=500, started_s_ago=100, **columns)
    found = values(look(Metadata(database, Workers)), "airflow_db_schedule_delay_seconds")
    waits = 500 if "start_date" in columns else 400
    assert found == ({("sales",): pytest.approx(waits, abs=5)} if late else {})


def test_a_dag_that_catches_up_is_not_late_and_one_that_is_paused_is_named(meta: Meta, database: Database) -> None:
    meta.dag("sales")
    meta.do("UPDATE dag_run SET queued_at = now() - interval '200 seconds', run_after = now() - interval '1 day'")
    meta.run("sales", "r2", due_s_ago=500, started_s_ago=100)
    meta.dag("resting")
    meta.do("UPDATE dag SET is_paused = true WHERE dag_id = 'resting'")
    found = look(Metadata(database, Workers))
    assert values(found, "airflow_db_schedule_delay_seconds") == {}
    assert values(found, "airflow_dag_paused") == {("resting",): 1}


def test_a_dags_first_kill_is_a_rise_from_nought(meta: Meta, database: Database) -> None:
    meta.dag("sales")
    meta.serialized("sales", {"tasks": []})
    meta.task("sales", "load", "running")
    source = Metadata(database, Workers)
    before = values(look(source), "airflow_db_tasks_killed_total")
    meta.log("sales", "load", "failed")
    after = values(look(source), "airflow_db_tasks_killed_total")
    assert (before["sales", "signal"], after["sales", "signal"]) == (0, 1)


def test_an_entry_that_commits_late_under_a_lower_number_is_still_counted(meta: Meta, database: Database) -> None:
    meta.dag("sales")
    meta.task("sales", "good", "running")
    meta.do("SELECT setval('log_id_seq', 100)")
    meta.log("sales", "good", "running")
    source = Metadata(database, Workers)
    look(source)
    meta.do("SELECT setval('log_id_seq', 110)")
    meta.log("sales", "good", "success")
    look(source)
    meta.do("SELECT setval('log_id_seq', 104)")
    meta.log("sales", "good", "success")
    assert values(look(source), "airflow_db_task_ends_total") == {
        ("sales", "success"): 2,
        ("sales", "failed"): 0,
        ("sales", "up_for_retry"): 0,
    }


BUSY = Workers(True, {"default": 1}, 4, 4)
FREE = Workers(True, {"default": 1}, 4, 1)


@pytest.mark.parametrize(
    ("why", "state", "columns", "limit", "workers"),
    [
        ("pool", "scheduled", {"pool": "narrow", "pool_slots": 2}, 16, FREE),
        ("limit", "scheduled", {}, 1, FREE),
        ("scheduler", "scheduled", {}, 16, FREE),
        ("no_consumer", "queued", {"queue": "gpu"}, 16, FREE),
        ("no_slot", "queued", {}, 16, BUSY),
        ("broker", "queued", {}, 16, FREE),
    ],
)
def test_the_oldest_waiting_task_says_what_it_waits_for(  # noqa: PLR0917 - pytest fills them by name
    meta: Meta,
    database: Database,
    why: str,
    state: str,
    columns: dict[str, object],
    limit: int,
    workers: Workers,
) -> None:
    meta.pool("narrow", 1)
    meta.dag("sales", max_active_tasks=limit)
    meta.task("sales", "runs", "running", 100)
    meta.task("sales", "waits", state, 50, **columns)
    meta.task("sales", "newer", state, 10)
    found = values(look(Metadata(database, lambda: workers)), "airflow_db_oldest_waiting_age_seconds")
    key = ("sales", "waits", str(columns.get("queue", "default")), why)
    assert found == {key: pytest.approx(50, abs=5)}


def test_a_task_at_its_own_limit_waits_for_a_limit(meta: Meta, database: Database) -> None:
    meta.dag("sales")
    meta.serialized("sales", {"tasks": [{"__var": {"task_id": "one", "max_active_tis_per_dag": 1}}]})
    meta.task("sales", "one", "running", 9)
    meta.task("sales", "one", "scheduled", 5, map_index=1)
    found = values(look(Metadata(database, lambda: FREE)), "airflow_db_oldest_waiting_age_seconds")
    assert [key[-1] for key in found] == ["limit"]


# What the exporter's SQL and Grafana's panels read, by table.
READ = {
    "dag": {"dag_id", "is_paused", "is_stale", "max_active_tasks"},
    "dag_run": {
        *("id", "clear_number", "dag_id", "queued_at", "run_after", "run_type", "start_date", "state"),
    },
    "deadline": {"dagrun_id", "deadline_alert_id", "deadline_time", "missed"},
    "deadline_alert": {"id", "name"},
    "job": {"job_type", "latest_heartbeat"},
    "log": {"id", "dag_id", "event", "map_index", "run_id", "task_id", "try_number"},
    "serialized_dag": {"id", "dag_id", "created_at", "data", "data_compressed", "last_updated"},
    "slot_pool": {"include_deferred", "pool", "slots"},
    "task_instance": {
        *("id", "dag_id", "duration", "end_date", "hostname", "map_index", "next_method", "pool", "pool_slots"),
        *("queue", "queued_dttm", "run_id", "scheduled_dttm", "start_date", "state", "task_id", "try_number"),
    },
    "task_reschedule": {"start_date", "ti_id"},
    "task_instance_history": {
        *("dag_id", "duration", "end_date", "hostname", "map_index", "run_id", "state", "task_id", "try_number"),
    },
    "xcom": {"dag_id", "key", "map_index", "run_id", "task_id"},
}


def test_the_monitoring_role_reads_the_columns_that_monitoring_uses_and_no_other(meta: Meta, postgres: Any) -> None:
    with psycopg2.connect(postgres.url()) as owner, owner.cursor() as cursor:
        cursor.execute("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'")
        columns = cursor.fetchall()
    owner.close()
    assert {"connection", "variable", "trigger", "dag_code", "ab_user"} <= {table for table, _ in columns}
    reader = psycopg2.connect(postgres.url("monitoring_reader"))
    reader.autocommit = True
    read: dict[str, set[str]] = {}
    with reader.cursor() as cursor:
        for table, column in columns:
            try:
                cursor.execute(sql.SQL("SELECT {} FROM {}").format(sql.Identifier(column), sql.Identifier(table)))
            except psycopg2.errors.InsufficientPrivilege:
                continue
            read.setdefault(table, set()).add(column)
    reader.close()
    assert read == READ


def test_the_grants_take_away_what_an_earlier_version_gave(meta: Meta, postgres: Any) -> None:
    owner = psycopg2.connect(postgres.url())
    with owner.cursor() as cursor:
        cursor.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO monitoring_reader")
        cursor.execute("GRANT SELECT (val) ON variable TO monitoring_reader")
        cursor.execute((REPO / "src/airfleet/stack/init/monitoring_grants.sql").read_text())
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.column_privileges"
            " WHERE grantee = 'monitoring_reader' AND table_schema = 'public'"
        )
        given = cursor.fetchall()
    owner.rollback()
    owner.close()
    assert {table: {column for name, column in given if name == table} for table, _ in given} == READ


def test_the_monitoring_role_may_read_what_grafana_asks_for(meta: Meta, postgres: Any) -> None:
    boards = [json.loads(path.read_text()) for path in (REPO / "monitoring/grafana/dashboards").glob("*.json")]
    panels = [panel for board in boards for panel in board["panels"]]
    statements = [target["rawSql"] for panel in panels for target in panel.get("targets", []) if "rawSql" in target]
    assert statements
    reader = psycopg2.connect(postgres.url("monitoring_reader"))
    with reader.cursor() as cursor:
        for statement in statements:
            cursor.execute(re.sub(r"\$__timeFilter\((\w+)\)", r"\1 > now()", statement))
    reader.close()


def test_the_monitoring_role_writes_nothing(meta: Meta, postgres: Any) -> None:
    connection = psycopg2.connect(postgres.url("monitoring_reader"))
    with pytest.raises(psycopg2.errors.InsufficientPrivilege), connection.cursor() as cursor:
        cursor.execute("UPDATE task_instance SET state = 'failed'")
    connection.close()
