"""An embedded stack from a copy of this repository with everything that watches it, for tests that look at that."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg2
from prometheus_client.parser import text_string_to_metric_families
from support.checkout import PORT_KEYS, ROOT, Checkout, copy_repository, wait_until

from airfleet.config import env_file
from airfleet.config.paths import Paths
from airfleet.config.settings import load
from airfleet.observe.boards.query import PrometheusClient
from airfleet.observe.servers import build
from airfleet.operate import first_runs
from airfleet.operate.airflow_api import AirflowApi
from airfleet.stack.embedded.instances import LOOPBACK
from airfleet.stack.embedded.stack import EmbeddedStack
from airfleet.stack.preflight import free_ports
from airfleet.stack.roles import SCHEDULER, WORKER, postgres_dsn

SHOP = ("weekly_full_pipeline", "daily_quality_check", "refresh_aggregations")
WATCHED = ("watched_steps", "watched_retries", "watched_misses", "watched_killed", "watched_waits")
FIRST, SCHEDULED = "watched_first", "watched_schedule"
EVERY = {FIRST, SCHEDULED, *WATCHED, *SHOP}


class Watched:
    """The stack at *root*, which is made; driven from this process, so that it needs no environment of its own."""

    def __init__(self, root: Path, cache: Path, on_path: Path) -> None:
        """Copy and configure; *cache* and *on_path* are where the stack looks for programs. Nothing runs yet."""
        copy_repository(root)
        shutil.copytree(ROOT / "tests/monitoring/dags", root / "airflow/dags", dirs_exist_ok=True)
        paths = Paths(root)
        env_file.fill(paths.env_file, paths.env_example)
        ports = dict(zip(PORT_KEYS, free_ports(len(PORT_KEYS)), strict=True))
        self.checkout = Checkout(root)
        self.checkout.set_env(WORKERS=1, WORKER_CONCURRENCY=4, PROMETHEUS_RETENTION="9d", **ports)
        # Rules a minute apart would make the tests wait for them.
        for path in (root / "monitoring/prometheus/rules").glob("*.yml"):
            text = path.read_text().replace("interval: 30s", "interval: 5s").replace("interval: 1m", "interval: 5s")
            path.write_text(text)
        self.cache, self.on_path = cache, on_path
        self.noted: list[str] = []
        self.settings = load(paths.env_file)
        self.stack = EmbeddedStack(self.settings, paths)
        self.prometheus = PrometheusClient(
            f"http://{LOOPBACK}:{self.settings.prometheus_port}", self.settings.monitoring_login
        )
        self.before_watching: dict[str, int] = {}

    def start(self, program: Callable[[build.Program], Path]) -> None:
        """Start as on a fresh machine: first the roles, with no program built, and then what watches them."""
        self.stack.up({WORKER.name: 1, SCHEDULER.name: 1}, print)
        with AirflowApi(self.settings) as api:
            wait_until("the Dags can be run", lambda: all(api.dag(dag_id) for dag_id in EVERY), 120)
            assert api.import_errors() == []
            api.unpause(FIRST)
            api.trigger(FIRST, {})
            warm = f"SELECT count(*) FROM dag_run WHERE dag_id = '{FIRST}' AND state = 'success'"
            wait_until("a first task has run", lambda: self.rows(warm)[0][0], 300)
        self.before_watching = self.pids()
        # As if two had just been built, and the third were the machine's own.
        self.cache.mkdir(parents=True)
        for each in (build.STATSD_EXPORTER, build.PROMETHEUS):
            (self.cache / each.file_name).symlink_to(program(each))
        self.on_path.mkdir()
        (self.on_path / build.ALERTMANAGER.name).symlink_to(program(build.ALERTMANAGER))
        self.stack.watch(print, self.noted.append)

    def run_dags(self) -> None:
        """Run the shop's and each watched Dag once, and wait until what they leave can be seen."""
        finished, _ = first_runs.run(self.stack, print, lambda *_: None)
        assert [run.state for run in finished] == ["success"] * len(SHOP)
        # An alert sees a rise from what was scraped before; on a fast machine all is over before the first scrape.
        unhurt = 'airflow_db_tasks_killed_total{dag_id="watched_killed"} == 0'
        wait_until("Prometheus knows of no kill", lambda: self.query(unhurt), 60)
        with AirflowApi(self.settings) as api:
            for dag_id in (*WATCHED, SCHEDULED):
                api.unpause(dag_id)
            for dag_id in WATCHED:
                api.trigger(dag_id, {})
        ended = "SELECT DISTINCT dag_id FROM dag_run WHERE state IN ('success', 'failed')"
        wait_until("every Dag has run", lambda: {dag_id for (dag_id,) in self.rows(ended)} >= EVERY, 400)
        kills = 'sum(airflow_db_tasks_killed_total{dag_id="watched_killed"}) >= 2'
        wait_until("the exporter has seen the kills", lambda: self.query(kills), 60)
        last = 'airflow_task_finish_total{dag_id="watched_killed",state="success"}'
        wait_until("Prometheus has the last end", lambda: self.query(last), 60)

    def pids(self) -> dict[str, int]:
        """Return the pid of each process."""
        return {state.name: state.pid for state in self.stack.manager.states()}

    def database_url(self, role: str) -> str:
        """Return the metadata database's address for *role*."""
        secret = {
            "monitoring_reader": self.settings.monitoring_reader_password,
            "airflow_metadata": self.settings.metadata_password,
        }[role]
        return postgres_dsn(role, secret, self.stack.addresses.postgres, "airflow")

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the instant vector of *expression*."""
        return self.prometheus.instant(expression)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return what the owner of the metadata database sees."""
        connection = psycopg2.connect(self.database_url("airflow_metadata"))
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def counters(self) -> Counter[tuple[str, ...]]:
        """Return statsd_exporter's own counters of task ends, by metric, Dag and state."""
        text = httpx.get(f"http://{LOOPBACK}:{self.settings.statsd_exporter_port}/metrics", timeout=30).text
        found: Counter[tuple[str, ...]] = Counter()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name in {"airflow_task_finish_total", "airflow_task_sla_missed_total"}:
                    key = (sample.name, sample.labels["dag_id"], sample.labels.get("state", ""))
                    found[key] += int(sample.value)
        return found

    def alerts(self, *states: str) -> set[str]:
        """Return the names of the alerts in one of *states*, pending or firing."""
        found = self.query("ALERTS")
        return {one["metric"]["alertname"] for one in found if one["metric"]["alertstate"] in states}

    def fired(self) -> set[str]:
        """Return the names of the alerts that fired in the last hour, whether they still do or not."""
        return {one["metric"]["alertname"] for one in self.query('last_over_time(ALERTS{alertstate="firing"}[1h])')}
