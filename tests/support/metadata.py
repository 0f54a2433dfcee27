"""Rows in Airflow's own tables, and a look at what the exporter makes of them."""

from __future__ import annotations

import json
import zlib
from typing import Any
from uuid import uuid4

import psycopg2
from prometheus_client.core import Metric as Family

from airfleet.observe.exporter.collector import Samples
from airfleet.sla.declare import END_MARK

Values = dict[tuple[str, ...], float]


class Meta:
    """Writes rows into Airflow's tables as its own roles do."""

    def __init__(self, url: str) -> None:
        """Connect and empty what the tests write to."""
        self._connection = psycopg2.connect(url)
        self._connection.autocommit = True
        self.do("TRUNCATE dag, dag_bundle, dag_run, task_instance, log, slot_pool, callback, xcom, job CASCADE")
        self.do("INSERT INTO dag_bundle (name) VALUES ('dags')")
        self.pool("default_pool", 128)

    def do(self, statement: str, *values: object) -> None:
        """Run one statement."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values or None)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def pool(self, name: str, slots: int) -> None:
        """Make a pool."""
        self.do("INSERT INTO slot_pool (pool, slots, include_deferred) VALUES (%s, %s, false)", name, slots)

    def dag(self, dag_id: str, max_active_tasks: int = 16) -> None:
        """Make a Dag with one run, `r1`, that is running."""
        self.do(
            "INSERT INTO dag (dag_id, is_paused, is_stale, bundle_name, timetable_type, partition_mapper_info,"
            " max_active_tasks, max_consecutive_failed_dag_runs, has_task_concurrency_limits)"
            " VALUES (%s, false, false, 'dags', 'cron', '[]', %s, 0, false)",
            dag_id,
            max_active_tasks,
        )
        self.do(
            "INSERT INTO dag_run (dag_id, run_id, run_type, run_after, state)"
            " VALUES (%s, 'r1', 'scheduled', now(), 'running')",
            dag_id,
        )

    def run(self, dag_id: str, run_id: str, due_s_ago: int, started_s_ago: int, **columns: object) -> None:
        """Make a further run of the Dag, scheduled and running unless *columns* say otherwise."""
        self.do(
            "INSERT INTO dag_run (dag_id, run_id, run_type, state, clear_number, queued_at, run_after, start_date)"
            " VALUES (%s, %s, 'scheduled', 'running', 0, now(),"
            " now() - %s * interval '1 second', now() - %s * interval '1 second')",
            dag_id,
            run_id,
            due_s_ago,
            started_s_ago,
        )
        for column, value in columns.items():
            self.do(f"UPDATE dag_run SET {column} = %s WHERE run_id = %s", value, run_id)

    def job(self, job_type: str, heartbeat_age_s: int) -> None:
        """Make a role's job with a heartbeat of that age."""
        self.do(
            "INSERT INTO job (job_type, state, latest_heartbeat)"
            " VALUES (%s, 'running', now() - %s * interval '1 second')",
            job_type,
            heartbeat_age_s,
        )

    def task(self, dag_id: str, task_id: str, state: str, age_s: int = 0, **columns: object) -> None:
        """Make a task instance that came into *state* *age_s* seconds ago."""
        row: dict[str, object] = {
            "id": str(uuid4()),
            "dag_id": dag_id,
            "task_id": task_id,
            "run_id": "r1",
            "state": state,
            "try_number": 1,
            "pool": "default_pool",
            "pool_slots": 1,
            "queue": "default",
            **columns,
        }
        started = ("running", "deferred", "awaiting_input", "up_for_reschedule")
        when = {"scheduled": "scheduled_dttm", "queued": "queued_dttm"} | dict.fromkeys(started, "start_date")
        names, marks = list(row), ["%s"] * len(row)
        for column in {when.get(state, "scheduled_dttm"), "scheduled_dttm"}:
            names.append(column)
            marks.append(f"now() - interval '{age_s} seconds'")
        self.do(f"INSERT INTO task_instance ({', '.join(names)}) VALUES ({', '.join(marks)})", *row.values())

    def reschedule(self, task_id: str, age_s: int) -> None:
        """Write down a poke of the task that began *age_s* seconds ago and was rescheduled."""
        self.do(
            "INSERT INTO task_reschedule (ti_id, start_date, end_date, duration, reschedule_date)"
            " SELECT id, now() - %s * interval '1 second', now(), 1, now() FROM task_instance WHERE task_id = %s",
            age_s,
            task_id,
        )

    def log(self, dag_id: str, task_id: str, event: str, try_number: int = 1) -> None:
        """Write an audit log entry."""
        self.do(
            "INSERT INTO log (dttm, dag_id, task_id, run_id, map_index, try_number, event)"
            " VALUES (now(), %s, %s, 'r1', -1, %s, %s)",
            dag_id,
            task_id,
            try_number,
            event,
        )

    def history(self, dag_id: str, task_id: str, try_number: int) -> None:
        """Archive a try."""
        self.do(
            "INSERT INTO task_instance_history"
            " (task_instance_id, dag_id, task_id, run_id, try_number, pool, pool_slots, state)"
            " VALUES (%s, %s, %s, 'r1', %s, 'default_pool', 1, 'failed')",
            str(uuid4()),
            dag_id,
            task_id,
            try_number,
        )

    def end_mark(self, dag_id: str, task_id: str, try_number: int) -> None:
        """Leave the mark that the listener leaves when a try fails for good."""
        self.do(
            "INSERT INTO xcom (dag_run_id, task_id, key, dag_id, run_id, timestamp, value)"
            " SELECT id, %s, %s, dag_id, run_id, now(), 'true' FROM dag_run WHERE dag_id = %s",
            task_id,
            f"{END_MARK}{try_number}",
            dag_id,
        )

    def deadline(self, dag_id: str, missed: bool, due_in_s: int) -> None:
        """Give the Dag's run a deadline."""
        callback = str(uuid4())
        self.do(
            "INSERT INTO callback (id, type, fetch_method, data, priority_weight, created_at)"
            " VALUES (%s, 'triggerer', 'import_path', '{\"__type\": \"dict\", \"__var\": {}}', 1, now())",
            callback,
        )
        self.do(
            "INSERT INTO deadline"
            " (id, created_at, last_updated_at, dagrun_id, deadline_time, missed, callback_id)"
            " SELECT %s, now(), now(), id, now() + %s * interval '1 second', %s, %s"
            " FROM dag_run WHERE dag_id = %s",
            str(uuid4()),
            due_in_s,
            missed,
            callback,
            dag_id,
        )

    def serialized(self, dag_id: str, content: dict[str, Any], compress: bool = False) -> None:
        """Write the Dag's serialised form."""
        version = str(uuid4())
        self.do(
            "INSERT INTO dag_version (id, version_number, dag_id, created_at, last_updated)"
            " SELECT %s, count(*) + 1, %s, clock_timestamp(), clock_timestamp()"
            " FROM dag_version WHERE dag_id = %s",
            version,
            dag_id,
            dag_id,
        )
        text = json.dumps({"dag": content})
        self.do(
            "INSERT INTO serialized_dag"
            " (id, dag_id, created_at, last_updated, dag_hash, dag_version_id, data, data_compressed)"
            " VALUES (%s, %s, clock_timestamp(), clock_timestamp(), md5(%s), %s, %s, %s)",
            str(uuid4()),
            dag_id,
            text,
            version,
            None if compress else text,
            zlib.compress(text.encode()) if compress else None,
        )


def values(families: list[Family], name: str) -> Values:
    """Return a metric's samples by their label values."""
    return {
        tuple(sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
        if sample.name == name
    }


def look(source: Any) -> list[Family]:
    """Look once."""
    samples = Samples()
    source.look(samples)
    return samples.families()
