"""Measure StatsD's series at 1000 Dags x 10 tasks; run by hand: ``python tests/monitoring/statsd_cost.py``.

Sends what Airflow sends for one run of each Dag through its own client to a real statsd_exporter, and lets a real
Prometheus scrape that. Needs the programs that `make programs` builds, and nothing else.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from airflow._shared.observability.metrics.statsd_logger import get_statsd_logger
from statsd import StatsClient

from airfleet.config.paths import ROOT
from airfleet.observe.boards.query import PrometheusClient, QueryError
from airfleet.observe.servers import build, commands, login, prometheus_config

DAGS, TASKS = 1000, 10
UDP, WEB, PROMETHEUS = 21901, 21902, 21903
LOGIN = ("cost", secrets.token_hex(12))
DEADLINE_S = 120


def main() -> None:
    """Send, scrape and print."""
    programs = build.built(build.default_cache())
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "prometheus.yml"
        jobs = {"statsd-exporter": f"127.0.0.1:{WEB}"}
        rules = f"{ROOT}/monitoring/prometheus/rules/*.yml"
        config.write_text(prometheus_config.render(jobs, rules, Path(folder) / "login"))
        mapping = ROOT / "monitoring/statsd/mapping.yml"
        source = Path(folder) / "statsd.sock"
        passing = subprocess.Popen(
            [sys.executable, *commands.statsd_filter(udp_port=UDP, target=source)[1:]],
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        )
        exporter = subprocess.Popen(
            commands.statsd_exporter(programs["statsd_exporter"], mapping=mapping, source=source, web_port=WEB)
        )
        server = subprocess.Popen(
            commands.prometheus(
                programs["prometheus"],
                config=config,
                web_config=login.guard_and_show(Path(folder) / "login", *LOGIN),
                data=Path(folder) / "data",
                web_port=PROMETHEUS,
                retention="1d",
                retention_size="1GB",
            )
        )
        try:
            _measure(passing, exporter, server)
        finally:
            for process in (server, exporter, passing):
                process.terminate()
                process.wait(30)


def _measure(
    passing: subprocess.Popen[bytes], exporter: subprocess.Popen[bytes], server: subprocess.Popen[bytes]
) -> None:
    prometheus = PrometheusClient(f"http://127.0.0.1:{PROMETHEUS}", LOGIN)
    _until(prometheus, 'up{job="statsd-exporter"} == 1')
    _send()
    ends = _until(prometheus, f'sum(airflow_task_finish_total{{state="success"}}) == {DAGS * TASKS}')
    print(f"{ends:.0f} of {DAGS * TASKS} ends counted")
    for what, query in (
        ("series of the job", 'scrape_samples_post_metric_relabeling{job="statsd-exporter"}'),
        ("series that Prometheus holds", 'count({job="statsd-exporter"})'),
        ("seconds of a scrape", 'scrape_duration_seconds{job="statsd-exporter"}'),
    ):
        print(f"{what}: {_until(prometheus, query):g}")
    for name, process in (("filter", passing), ("statsd_exporter", exporter), ("Prometheus", server)):
        print(f"{name}: {psutil.Process(process.pid).memory_info().rss / 2**20:.0f} MiB")


def _send() -> None:
    client = get_statsd_logger(
        stats_class=StatsClient,
        host="127.0.0.1",
        port=UDP,
        prefix="airflow",
        influxdb_tags_enabled=True,
        statsd_influxdb_enabled=True,
    )
    for number in range(DAGS):
        dag = {"dag_id": f"dag_{number:04}"}
        for task_number in range(TASKS):
            task = dag | {"task_id": f"task_{task_number}"}
            if not task_number:
                client.incr("ti_failures", tags=task)
                client.incr("ti.finish", tags=task | {"state": "up_for_retry"})
            client.timing("task.scheduled_duration", 900, tags=task | {"queue": "default"})
            for state in ("scheduled", "queued", "running"):
                client.gauge(f"ti.{state}", 1, tags=task | {"queue": "default"})
            client.timing("task.duration", 2500 + 40 * task_number, tags=task)
            client.incr("ti.finish", tags=task | {"state": "success"})
        client.timing("dagrun.duration.success", 25_000, tags=dag | {"run_type": "scheduled"})
        client.timing("dagrun.schedule_delay", 800, tags=dag)
        client.timing("dagrun.first_task_scheduling_delay", 800, tags=dag)
        client.timing("dagrun.first_task_start_delay", 1800, tags=dag)


def _until(prometheus: PrometheusClient, query: str) -> float:
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            if found := prometheus.instant(query):
                return float(found[0]["value"][1])
        except QueryError:
            if time.monotonic() > deadline:
                raise
        assert time.monotonic() < deadline, f"{query} has no answer after {DEADLINE_S} s"
        time.sleep(0.5)


if __name__ == "__main__":
    main()
