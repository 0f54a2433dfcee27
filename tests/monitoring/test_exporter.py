"""The exporter over a real Redis and a real Celery worker, and how it bears the loss of what it looks at."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis
from support.metadata import Meta, look, values

from airfleet.observe.exporter import server
from airfleet.observe.exporter.collector import Poller, Samples
from airfleet.observe.exporter.options import load
from airfleet.observe.exporter.queues import Broker
from airfleet.observe.exporter.waiting import Workers
from airfleet.observe.exporter.workers import CeleryWorkers


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
    whole = [{("a",): 1, ("b",): 1}, {(): 1}, {("total",): 3, ("busy",): 0}]

    def shown(found: Any) -> list[Any]:
        return [values(found, f"airflow_{name}") for name in ("queue_consumers", "workers", "worker_slots")]

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
        # Each of a look's three questions may be too early, or answered too late.
        wait_for(lambda: shown(look(source)) == whole, 40)
    finally:
        worker.terminate()
        worker.wait(20)


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
        # What is known is shown for three of these; to ask the workers takes up to 4.5 s.
        "EXPORTER_INTERVAL_SECONDS": "3",
        "EXPORTER_TIMEOUT_SECONDS": "2",
        "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
    }
    process = subprocess.Popen([sys.executable, "-m", "airfleet.observe.exporter"], env=environment)
    running = 'airflow_db_running_age_seconds{dag_id="sales",task_id="load"}'
    try:
        wait_for(lambda: running in scrape(port, "/metrics"))
        wait_for(lambda: scrape(port, "/metrics/redis")[up("redis")] == 1)
        wait_for(lambda: scrape(port, "/metrics")[up("celery")] == 1)

        postgres.stop()
        try:
            wait_for(lambda: scrape(port, "/metrics")[up("metadata")] == 0)
            wait_for(lambda: scrape(port, "/metrics/postgres")[up("postgres")] == 0)
            assert running not in scrape(port, "/metrics")
            assert scrape(port, "/metrics/redis")[up("redis")] == 1
            assert scrape(port, "/metrics/host")[up("host")] == 1
            assert scrape(port, "/metrics")[up("webserver")] == 0, "nothing listens there"
        finally:
            postgres.start()
        wait_for(lambda: running in scrape(port, "/metrics"), 60)

        redis_server.stop()
        try:
            wait_for(lambda: scrape(port, "/metrics/redis")[up("redis")] == 0)
            wait_for(lambda: scrape(port, "/metrics")[up("celery")] == 0, 30)
            assert scrape(port, "/metrics")[up("metadata")] == 1
        finally:
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
