"""The exporter over a real Postgres with Airflow's own schema, a real Redis and a real Celery worker."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
import redis
from prometheus_client.core import Metric as Family

from airfleet.exporter import server
from airfleet.exporter.broker import Broker
from airfleet.exporter.metadata import Metadata
from airfleet.exporter.queries import Database
from airfleet.exporter.settings import load
from airfleet.exporter.source import Poller, Samples
from airfleet.exporter.waiting import Workers
from airfleet.exporter.workers import CeleryWorkers
from airfleet.sla.declare import END_MARK, sla

Values = dict[tuple[str, ...], float]


class Meta:
    """Writes rows into Airflow's tables as its own roles do."""

    def __init__(self, url: str) -> None:
        """Connect and empty what the tests write to."""
        self._connection = psycopg2.connect(url)
        self._connection.autocommit = True
        self.do("TRUNCATE dag, dag_bundle, dag_run, task_instance, log, slot_pool, callback, xcom CASCADE")
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
        when = {"scheduled": "scheduled_dttm", "queued": "queued_dttm", "running": "start_date"}.get(state)
        names, marks = list(row), ["%s"] * len(row)
        for column in {when, "scheduled_dttm"} - {None}:
            names.append(str(column))
            marks.append(f"now() - interval '{age_s} seconds'")
        self.do(f"INSERT INTO task_instance ({', '.join(names)}) VALUES ({', '.join(marks)})", *row.values())

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
            " VALUES (%s, 'triggerer', 'import_path', '{}', 1, now())",
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


@pytest.fixture
def meta(postgres: Any) -> Iterator[Meta]:
    """An empty metadata database."""
    writer = Meta(postgres.url())
    yield writer
    writer.close()


@pytest.fixture
def database(postgres: Any) -> Iterator[Database]:
    """A connection with the exporter's own, read-only role."""
    one = Database(postgres.url("monitoring_reader"), timeout_s=5)
    yield one
    one.close()


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


def wait_for(what: Callable[[], Any], seconds: float = 20) -> Any:
    """Return *what()* once it is true; fail with what it last was."""
    until = time.monotonic() + seconds
    last: Any = None
    pause = threading.Event()
    while time.monotonic() < until:
        try:
            last = what()
        except Exception as error:
            last = error
        if last and not isinstance(last, Exception):
            return last
        pause.wait(0.1)
    raise AssertionError(f"still {last!r} after {seconds} s")


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
    assert queued == {("sales", "late", "default"): pytest.approx(30, abs=5)}
    assert values(found, "airflow_db_task_tries") == {("sales", "again"): 3}
    assert values(found, "airflow_db_unfinished_runs") == {("sales", "running"): 1}
    states = values(found, "airflow_db_unfinished_tasks")
    assert states == {("queued",): 1, ("running",): 2, ("scheduled",): 0, ("up_for_retry",): 1}


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
    assert values(look(source), "airflow_db_task_ends_total") == {}, "what ended before the exporter began"

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
    assert values(look(source), "airflow_db_task_ends_total") == {("sales", "success"): 2}


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


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT value FROM xcom",
        "SELECT * FROM connection",
        "SELECT * FROM variable",
        "UPDATE task_instance SET state = 'failed'",
    ],
)
def test_the_exporters_role_reads_no_secret_and_writes_nothing(meta: Meta, postgres: Any, statement: str) -> None:
    connection = psycopg2.connect(postgres.url("monitoring_reader"))
    with pytest.raises(psycopg2.errors.InsufficientPrivilege), connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


def test_queue_lengths_count_every_priority_and_leave_out_control_queues(redis_server: Any) -> None:
    client = redis.Redis.from_url(redis_server.url)
    wait_for(client.ping)
    client.sadd("_kombu.binding.default", "x")
    client.sadd("_kombu.binding.celery.pidbox", "x")
    client.sadd("_kombu.binding.celeryev", "x")
    client.lpush("default", "a", "b")
    client.lpush("default\x06\x163", "c")
    client.hset("unacked", "tag", "d")
    found = look(Broker(redis_server.monitoring_url, 2, lambda: {"idle"}))
    assert values(found, "airflow_queue_length") == {("default",): 3, ("idle",): 0}
    assert values(found, "airflow_queue_unacked") == {(): 1}
    assert values(found, "airfleet_redis_up") == {(): 1}


def test_consumers_and_slots_are_what_a_live_worker_says(redis_server: Any, tmp_path: Path) -> None:
    (tmp_path / "some_app.py").write_text(f"from celery import Celery\napp = Celery(broker={redis_server.url!r})\n")
    source = CeleryWorkers(redis_server.url, 3)
    wait_for(lambda: look(source) is not None)
    assert source.state == Workers(True, {}, 0, 0), "no worker yet, and that is known"
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "some_app",
        "worker",
        "-Q",
        "a,b",
        "-c",
        "3",
        "-n",
        "w@x",
    ]
    worker = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: look(source) and source.state.slots_total == 3, 40)
        found = look(source)
    finally:
        worker.terminate()
        worker.wait(20)
    assert values(found, "airflow_queue_consumers") == {("a",): 1, ("b",): 1}
    assert values(found, "airflow_workers") == {(): 1}
    assert values(found, "airflow_worker_slots") == {("total",): 3, ("busy",): 0}


class Flaky:
    """A source that fails when told to."""

    name = "flaky"
    broken = False

    def look(self, samples: Samples) -> None:
        """Fail or find nothing."""
        if self.broken:
            raise OSError("away")


def test_an_answer_that_grew_old_is_no_longer_shown() -> None:
    now = [0.0]
    poller = Poller(Flaky(), 15, clock=lambda: now[0])
    poller.look_once()
    assert values(list(poller.families()), "airfleet_source_up") == {("flaky",): 1}
    now[0] = 46
    assert values(list(poller.families()), "airfleet_source_up") == {("flaky",): 0}


def scrape(port: int, path: str) -> dict[str, float]:
    """Read a path of the running exporter as `name{labels}` to value."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    lines = [line for line in text.split("\r\n\r\n", 1)[1].splitlines() if line and line[0] != "#"]
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines}


def up(source: str) -> str:
    """Name the series that says whether *source* works."""
    return f'airfleet_source_up{{source="{source}"}}'


def test_each_source_is_lost_alone_and_comes_back_by_itself(meta: Meta, postgres: Any, redis_server: Any) -> None:
    meta.dag("sales")
    meta.task("sales", "load", "running", 40)
    port = _free_port()
    environment = {
        "EXPORTER_DATABASE_URL": postgres.url("monitoring_reader"),
        "EXPORTER_REDIS_URL": redis_server.monitoring_url,
        "EXPORTER_BROKER_URL": redis_server.url,
        "EXPORTER_WEBSERVER_URL": "http://127.0.0.1:9",
        "EXPORTER_PORT": str(port),
        "EXPORTER_INTERVAL_SECONDS": "0.5",
        "EXPORTER_TIMEOUT_SECONDS": "2",
        "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
    }
    process = subprocess.Popen([sys.executable, "-m", "airfleet.exporter"], env=environment)
    running = 'airflow_db_running_age_seconds{dag_id="sales",task_id="load"}'
    try:
        wait_for(lambda: running in scrape(port, "/metrics"))
        wait_for(lambda: scrape(port, "/metrics/redis")[up("redis")] == 1)
        wait_for(lambda: scrape(port, "/metrics")[up("celery")] == 1)

        postgres.stop()
        wait_for(lambda: scrape(port, "/metrics")[up("metadata")] == 0)
        wait_for(lambda: scrape(port, "/metrics/postgres")[up("postgres")] == 0)
        assert running not in scrape(port, "/metrics")
        assert scrape(port, "/metrics/redis")[up("redis")] == 1
        assert scrape(port, "/metrics/host")[up("host")] == 1
        assert scrape(port, "/metrics")[up("webserver")] == 0, "nothing listens there"
        postgres.start()
        wait_for(lambda: running in scrape(port, "/metrics"), 60)

        redis_server.stop()
        wait_for(lambda: scrape(port, "/metrics/redis")[up("redis")] == 0)
        wait_for(lambda: scrape(port, "/metrics")[up("celery")] == 0, 30)
        assert scrape(port, "/metrics")[up("metadata")] == 1
        redis_server.start()
        wait_for(lambda: scrape(port, "/metrics/redis")[up("redis")] == 1, 60)
        wait_for(lambda: scrape(port, "/metrics")[up("celery")] == 1, 60)
    finally:
        process.terminate()
        process.wait(10)


def test_postgres_and_host_show_their_vital_signs(meta: Meta, postgres: Any, redis_server: Any) -> None:
    settings = load(
        {
            "EXPORTER_DATABASE_URL": postgres.url("monitoring_reader"),
            "EXPORTER_REDIS_URL": redis_server.monitoring_url,
            "EXPORTER_BROKER_URL": redis_server.url,
            "EXPORTER_WEBSERVER_URL": "http://127.0.0.1:9",
        }
    )
    by_name = {poller.name: poller for poller in server.pollers(settings)}
    for name in ("postgres", "host"):
        by_name[name].look_once()
    found = [*by_name["postgres"].families(), *by_name["host"].families()]
    assert values(found, "airfleet_postgres_database_bytes")["airflow",] > 1_000_000
    assert values(found, "airfleet_postgres_connections_limit")[()] == 100
    assert values(found, "airfleet_postgres_transactions_total")["airflow", "commit"] > 0
    assert values(found, "airfleet_host_memory_bytes")["total",] > 0
    disk = values(found, "airfleet_host_disk_bytes")
    assert 0 < disk["/", "free"] < disk["/", "total"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
