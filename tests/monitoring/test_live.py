"""A running stack, watched: every panel and rule has data, and the counts are the metadata database's."""

from __future__ import annotations

import html
import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.checkout import ROOT, wait_until

from airfleet import api as airfleet_api
from airfleet import env_file
from airfleet.api import AirflowApi
from airfleet.embedded import servers
from airfleet.embedded import stack as embedded_stack
from airfleet.embedded.instances import LOOPBACK
from airfleet.embedded.stack import EmbeddedStack
from airfleet.monitoring import build, commands, page, prometheus_config
from airfleet.monitoring.query import PrometheusClient, QueryError
from airfleet.paths import Paths
from airfleet.preflight import free_ports
from airfleet.roles import SCHEDULER, WORKER, postgres_dsn, url
from airfleet.settings import load

PORTS = (
    "WEBSERVER_PORT",
    "FLOWER_PORT",
    "POSTGRES_PORT",
    "REDIS_PORT",
    "LOG_SERVER_PORT",
    "TRIGGERER_LOG_PORT",
    "SCHEDULER_HEALTH_PORT",
    "MAIL_CATCHER_PORT",
)
WATCHED = ("watched_steps", "watched_retries", "watched_misses", "watched_killed", "watched_waits")
FIRST = "watched_first"
BOARDS = sorted((ROOT / "monitoring/grafana/dashboards").glob("*.json"))


class Watched:
    """An embedded stack from a copy of this repository, and the programs that watch it."""

    def __init__(self, root: Path) -> None:
        """Copy and configure; nothing runs yet."""
        self.root = root
        root.mkdir()
        self.processes: list[subprocess.Popen[bytes]] = []
        _copy(root)
        shutil.copytree(Path(__file__).parent / "dags", root / "airflow/dags")
        paths = Paths(root)
        env_file.fill(paths.env_file, paths.env_example)
        ports = free_ports(len(PORTS) + 4)
        self.statsd_udp, self.statsd_web, self.exporter_port, self.prometheus_port = ports[len(PORTS) :]
        _set(paths.env_file, WORKERS=1, WORKER_CONCURRENCY=4, **dict(zip(PORTS, ports, strict=False)))
        cfg = paths.airflow_cfg.read_text()
        here = f"statsd_on = True\nstatsd_host = {LOOPBACK}\nstatsd_port = {self.statsd_udp}"
        paths.airflow_cfg.write_text(cfg.replace("statsd_on = True", here))
        self.settings = load(paths.env_file)
        self.stack = EmbeddedStack(self.settings, paths)
        self.prometheus = PrometheusClient(f"http://{LOOPBACK}:{self.prometheus_port}")

    def start(self, program: Callable[[build.Program], Path]) -> None:
        """Start everything, what watches first."""
        self._start_statsd(program)
        self.stack.up({WORKER.name: 1, SCHEDULER.name: 1}, print)
        self._start_exporter()
        self._start_prometheus(program)
        wait_until("Prometheus answers", self._has_targets)

    def _has_targets(self) -> bool:
        try:
            return bool(self.query("up"))
        except QueryError:
            return False

    def _run(self, name: str, command: list[str], environment: dict[str, str] | None = None) -> None:
        log = (self.root / f"{name}.log").open("wb")
        self.processes.append(
            subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=self.root)
        )

    def _start_statsd(self, program: Callable[[build.Program], Path]) -> None:
        command = commands.statsd_exporter(
            program(build.STATSD_EXPORTER),
            mapping=self.root / "monitoring/statsd/mapping.yml",
            udp_port=self.statsd_udp,
            web_port=self.statsd_web,
        )
        self._run("statsd_exporter", command)

    def _start_exporter(self) -> None:
        s = self.settings
        redis, postgres = (LOOPBACK, s.redis_port), (LOOPBACK, s.postgres_port)
        environment = {
            "PYTHONPATH": str(self.root / "src"),
            "EXPORTER_DATABASE_URL": self.database_url("monitoring_reader"),
            "EXPORTER_REDIS_URL": url("redis", "monitoring", s.redis_monitoring_password, redis, "0"),
            "EXPORTER_BROKER_URL": url("redis", "airflow", s.redis_password, redis, "0"),
            "EXPORTER_WEBSERVER_URL": f"http://{LOOPBACK}:{s.webserver_port}",
            "EXPORTER_PORT": str(self.exporter_port),
            "EXPORTER_INTERVAL_SECONDS": "5",
        }
        assert postgres_dsn("monitoring_reader", s.monitoring_reader_password, postgres, "airflow")
        self._run("exporter", [sys.executable, "-P", "-m", "airfleet.exporter"], environment)

    def _start_prometheus(self, program: Callable[[build.Program], Path]) -> None:
        exporter = f"{LOOPBACK}:{self.exporter_port}"
        addresses = {
            "statsd-exporter": f"{LOOPBACK}:{self.statsd_web}",
            **dict.fromkeys(("airflow", "redis", "postgres", "host"), exporter),
            "flower": f"{LOOPBACK}:{self.settings.flower_port}",
            "prometheus": f"{LOOPBACK}:{self.prometheus_port}",
        }
        config = self.root / "prometheus.yml"
        rules = str(self.root / "monitoring/prometheus/rules/*.yml")
        config.write_text(prometheus_config.render(addresses, rules))
        # Rules a minute apart would make the test wait for them.
        for path in (self.root / "monitoring/prometheus/rules").glob("*.yml"):
            text = path.read_text().replace("interval: 30s", "interval: 5s").replace("interval: 1m", "interval: 5s")
            path.write_text(text)
        command = commands.prometheus(
            program(build.PROMETHEUS),
            config=config,
            data=self.root / "prometheus-data",
            web_port=self.prometheus_port,
            retention="1d",
            retention_size="1GB",
        )
        self._run("prometheus", command)

    def database_url(self, role: str) -> str:
        """Return the metadata database's address for *role*."""
        secret = {
            "monitoring_reader": self.settings.monitoring_reader_password,
            "airflow_metadata": self.settings.metadata_password,
        }[role]
        return postgres_dsn(role, secret, (LOOPBACK, self.settings.postgres_port), "airflow")

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the instant vector of *expression*."""
        return self.prometheus.instant(expression)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return what the owner of the metadata database sees."""
        with psycopg2.connect(self.database_url("airflow_metadata")) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def counters(self) -> Counter[tuple[str, ...]]:
        """Return statsd_exporter's own counters of task ends, by metric, Dag and state."""
        text = self.prometheus.get_text(f"http://{LOOPBACK}:{self.statsd_web}/metrics")
        found: Counter[tuple[str, ...]] = Counter()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name in {"airflow_task_finish_total", "airflow_task_sla_missed_total"}:
                    key = (sample.name, sample.labels["dag_id"], sample.labels.get("state", ""))
                    found[key] += int(sample.value)
        return found

    def stop(self) -> None:
        """Stop everything."""
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(20)
        self.stack.down(lambda _line: None, timeout_s=5)


def _copy(root: Path) -> None:
    for name in ("src", "monitoring", ".env.example"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, root / name)
    for name in ("config", "plugins"):
        shutil.copytree(ROOT / "airflow" / name, root / "airflow" / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "data").mkdir()


def _set(path: Path, **values: object) -> None:
    lines = path.read_text().splitlines()
    for key, value in values.items():
        assert any(line.startswith(f"{key}=") for line in lines), key
        lines = [f"{key}={value}" if line.startswith(f"{key}=") else line for line in lines]
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def watched(program: Callable[[build.Program], Path]) -> Iterator[Watched]:
    """The stack, after every watched Dag has run once."""
    # A build machine that does other work beside starts seven Pythons slowly; how fast is not this test's matter.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded_stack, "_HEALTH_TIMEOUT_S", 480.0)
        patch.setattr(airfleet_api, "_TIMEOUT_S", 90.0)
        yield from _watched(program)


def _watched(program: Callable[[build.Program], Path]) -> Iterator[Watched]:
    folder = Path(tempfile.mkdtemp(prefix="airfleet-watched-"))
    folder.chmod(0o755)
    one = Watched(folder / "checkout")
    try:
        one.start(program)
        _run_dags(one)
        yield one
    finally:
        one.stop()
        servers.delete(one.stack.paths)
        shutil.rmtree(folder, ignore_errors=True)


def _run_dags(one: Watched) -> None:
    """Run each watched Dag once, and wait until what they leave can be seen."""
    with AirflowApi(one.settings) as api:
        wait_until("the Dags are known", lambda: {FIRST, *WATCHED} <= set(api.dag_ids()), 120)
        assert api.import_errors() == []
        api.unpause(FIRST)
        api.trigger(FIRST, {})
        warm = f"SELECT count(*) FROM dag_run WHERE dag_id = '{FIRST}' AND state = 'success'"
        wait_until("a first task has run", lambda: one.rows(warm)[0][0], 300)
        for dag_id in (*WATCHED, "watched_schedule"):
            api.unpause(dag_id)
        for dag_id in WATCHED:
            api.trigger(dag_id, {})
    ended = "SELECT count(DISTINCT dag_id) FROM dag_run WHERE state IN ('success', 'failed')"
    wait_until("every Dag has run", lambda: one.rows(ended)[0][0] == len(WATCHED) + 2, 400)
    kills = 'sum(airflow_db_tasks_killed_total{dag_id="watched_killed"}) >= 2'
    wait_until("the exporter has seen the kills", lambda: one.query(kills), 60)
    failed = 'airflow_task_finish_total{dag_id="watched_killed",state="success"}'
    wait_until("Prometheus has the last end", lambda: one.query(failed), 60)


def panels() -> list[Any]:
    """Every panel of every board."""
    return [
        pytest.param(panel, id=f"{path.stem}: {panel['title']}")
        for path in BOARDS
        for panel in json.loads(path.read_text())["panels"]
    ]


@pytest.mark.parametrize("panel", panels())
def test_every_query_of_every_panel_has_data(watched: Watched, panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        if "rawSql" in target:
            statement = page.fill_sql(target["rawSql"], seconds=3600)
            with psycopg2.connect(watched.database_url("monitoring_reader")) as reader, reader.cursor() as cursor:
                cursor.execute(statement)
                assert cursor.fetchall()
            continue
        expression = page.fill(target["expr"], seconds=900)
        wait_until(expression, lambda e=expression: watched.query(e), 30)


def test_every_rule_is_evaluated_without_an_error(watched: Watched) -> None:
    groups = watched.prometheus.rules()
    bad = {rule["name"]: rule.get("lastError") for group in groups for rule in group["rules"] if rule["health"] != "ok"}
    assert not bad
    recorded = {rule["name"] for group in groups for rule in group["rules"] if rule["type"] == "recording"}
    empty = {name for name in recorded if not watched.query(name)}
    assert not empty


def test_the_alerts_of_the_planted_faults_fire_and_no_other(watched: Watched) -> None:
    planted = {"TasksKilled", "DagRunFailed", "DeadlineMissed", "TaskSLAMissed"}

    def firing() -> set[str]:
        return {one["metric"]["alertname"] for one in watched.query('ALERTS{alertstate="firing"}')}

    for alert in sorted(planted):
        wait_until(f"{alert} fires", lambda a=alert: a in firing(), 60)
    assert firing() - planted <= {"TaskErrorBudgetFast"}


def test_counts_equal_the_metadata_databases_exactly(watched: Watched) -> None:
    """Per Dag and state: what StatsD counted is what the audit log holds, less the tries that were killed."""
    ours = tuple(dag_id for dag_id in WATCHED)

    def both() -> tuple[Counter[Any], Counter[Any]]:
        wrote: Counter[Any] = Counter()
        for dag_id, event, count in watched.rows(
            "SELECT dag_id, event, count(*) FROM log WHERE try_number IS NOT NULL"
            " AND event IN ('success', 'failed', 'up_for_retry') GROUP BY 1, 2"
        ):
            if dag_id in ours:
                wrote[dag_id, event] = count
        heard: Counter[Any] = Counter(
            {
                (dag_id, state): count
                for (name, dag_id, state), count in watched.counters().items()
                if name == "airflow_task_finish_total" and dag_id in ours
            }
        )
        return wrote, heard

    wrote, heard = both()
    # Both killed tries are written down as failed, by whoever found them.
    wrote.subtract({("watched_killed", "failed"): 2})
    assert {key: count for key, count in wrote.items() if count} == dict(heard)
    assert heard["watched_retries", "up_for_retry"] == 2
    assert heard["watched_steps", "success"] == 20


def test_killed_tries_are_counted_by_the_exporter_and_clean_failures_are_not(watched: Watched) -> None:
    kills = {
        (one["metric"]["dag_id"], one["metric"]["reason"]): float(one["value"][1])
        for one in watched.query('airflow_db_tasks_killed_total{dag_id="watched_killed"} > 0')
    }
    # With a retry left nobody reports the dead process, and the scheduler finds the task's state at odds with it.
    assert kills == {("watched_killed", "signal"): 1, ("watched_killed", "state_mismatch"): 1}


def test_deadline_and_sla_misses_are_counted_once_each(watched: Watched) -> None:
    missed = watched.query('sum(airflow_deadlines_total{dag_id="watched_misses", outcome="missed"})')
    assert float(missed[0]["value"][1]) == 1
    late = watched.query("airflow_task_sla_missed_total")
    assert [(one["metric"]["task_id"], one["value"][1]) for one in late] == [("late", "1")]
    met = watched.query('airflow_task_sla_met_total{dag_id="watched_misses"}')
    assert [one["metric"]["task_id"] for one in met] == ["in_time"]


def test_the_missed_deadline_is_mailed(watched: Watched) -> None:
    def mailed() -> bool:
        letters = [path.read_text(errors="replace") for path in watched.stack.paths.mail.rglob("*") if path.is_file()]
        return any("Deadline missed: watched_misses" in letter for letter in letters)

    wait_until("the mail is there", mailed, 30)


def test_a_finished_task_is_seen_within_fifteen_seconds(
    watched: Watched, record_property: Callable[[str, object], None]
) -> None:
    ends = sorted(
        row[0].timestamp()
        for row in watched.rows(
            "SELECT end_date FROM task_instance WHERE dag_id = 'watched_steps' AND state = 'success'"
        )
    )
    expression = 'sum(airflow_task_finish_total{dag_id="watched_steps", state="success"})'
    series = watched.prometheus.range(expression, start=ends[0] - 1, end=ends[-1] + 30, step=0.5)
    seen = [(float(at), float(value)) for at, value in series[0]["values"]]
    lags = [next(at for at, value in seen if value >= number) - end for number, end in enumerate(ends, start=1)]
    record_property("lag_median_s", statistics.median(lags))
    record_property("lag_p95_s", statistics.quantiles(lags, n=20)[-1])
    print(f"lag from task end to Prometheus: median {statistics.median(lags):.1f} s, p95 {sorted(lags)[-2]:.1f} s")
    assert max(lags) < 15


def test_the_pages_pictures_are_drawn_from_the_boards_own_queries(watched: Watched, tmp_path: Path) -> None:
    target = tmp_path / "dashboards.html"
    drawn = page.write(target, BOARDS, watched.prometheus, minutes=15)
    text = html.unescape(target.read_text())
    titles = {panel.values[0]["title"] for panel in panels() if not panel.values[0]["targets"][0].get("rawSql")}
    assert {title for title in titles if title not in text} == set()
    assert drawn.failed == []
    assert text.count("<svg") >= 30
