"""What Airflow's own StatsD client sends arrives as the metrics of the table, through filter and statsd_exporter."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from airflow._shared.observability.metrics.statsd_logger import SafeStatsdLogger, get_statsd_logger
from prometheus_client.parser import text_string_to_metric_families
from statsd import StatsClient

from airfleet.metrics.airflow_stats import STATS, Stat
from airfleet.metrics.model import Kind
from airfleet.observe.servers import build
from airfleet.observe.servers.commands import statsd_exporter, statsd_filter
from airfleet.runtime.ids import Task, problems

REPO = Path(__file__).parents[2]
Sample = tuple[str, dict[str, str], float]

# Every tag that some stat carries.
TAGS = {
    "dag_id": "sales",
    "task_id": "load.part-1",
    "state": "up_for_retry",
    "operator_name": "PythonOperator",
    "queue": "default",
    "run_type": "scheduled",
    "pool_name": "default_pool",
    "executor": "CeleryExecutor",
    "executor_class_name": "CeleryExecutor",
    "status": "open",
    "hostname": "triggerer-1",
    "bundle_name": "dags",
    "file_name": "sales",
    "file_path": "sales.py",
}
SENT_TAGS: dict[str, tuple[str, ...]] = {
    "ti.finish": ("dag_id", "task_id", "state"),
    "operator_failures": ("dag_id", "task_id", "operator_name"),
    "operator_successes": ("dag_id", "task_id", "operator_name"),
    "task.scheduled_duration": ("dag_id", "task_id", "queue"),
}


class Wire:
    """A filter, a statsd_exporter and a client that sends as Airflow is configured to send."""

    def __init__(self, binary: Path) -> None:
        """Start both and wait until the exporter has something from the filter."""
        self.udp, self.web = _free(socket.SOCK_DGRAM), _free(socket.SOCK_STREAM)
        # A Unix socket's path is short.
        self.folder = tempfile.TemporaryDirectory()
        socket_path = Path(self.folder.name) / "statsd.sock"
        mapping = REPO / "monitoring/statsd/mapping.yml"
        self.start_exporter = lambda: subprocess.Popen(
            statsd_exporter(binary, mapping=mapping, source=socket_path, web_port=self.web), stderr=subprocess.DEVNULL
        )
        passing = statsd_filter(udp_port=self.udp, target=socket_path)
        self.filter = subprocess.Popen(
            [sys.executable, *passing[1:]], env={**os.environ, "PYTHONPATH": str(REPO / "src")}
        )
        self.process = self.start_exporter()
        self.client: SafeStatsdLogger = get_statsd_logger(
            stats_class=StatsClient,
            host="127.0.0.1",
            port=self.udp,
            prefix="airflow",
            influxdb_tags_enabled=True,
            statsd_influxdb_enabled=True,
            statsd_disabled_tags="job_id,run_id,^kwargs$,^result$,^path$",
        )
        wait_for(lambda: self.value("airflow_statsd_refused_total") == 0)

    def end(self) -> None:
        """Stop both."""
        for process in (self.process, self.filter):
            process.terminate()
            process.wait(10)
        self.folder.cleanup()

    def send(self, stat: Stat, tags: dict[str, str], value: float = 1) -> None:
        """Send one stat."""
        call = {"counter": self.client.incr, "gauge": self.client.gauge, "timer": self.client.timing}[stat.sent_as]
        call(stat.name, value, tags=tags)

    def raw(self, datagram: bytes) -> None:
        """Send what no client would."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(datagram, ("127.0.0.1", self.udp))

    def samples(self) -> list[Sample]:
        """Return everything it shows."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.web}/metrics", timeout=5) as answer:
            text = answer.read().decode()
        return [(s.name, s.labels, s.value) for family in text_string_to_metric_families(text) for s in family.samples]

    def value(self, name: str, **labels: str) -> float | None:
        """Return one sample."""
        return next(
            (value for n, found, value in self.samples() if n == name and labels.items() <= found.items()), None
        )


@pytest.fixture
def wire(program: Callable[[build.Program], Path]) -> Iterator[Wire]:
    """A wire of this test's own."""
    one = Wire(program(build.STATSD_EXPORTER))
    yield one
    one.end()


def wait_for(what: Callable[[], Any], seconds: float = 15) -> Any:
    """Return *what()* once it is true; fail with what it last was."""
    until, last, pause = time.monotonic() + seconds, None, threading.Event()
    while time.monotonic() < until:
        try:
            last = what()
        except OSError as error:
            last = None if isinstance(error, ConnectionError) else repr(error)
        if last and not isinstance(last, str):
            return last
        pause.wait(0.05)
    raise AssertionError(f"still {last!r} after {seconds} s")


def _free(kind: int) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tags(stat: Stat) -> dict[str, str]:
    taken_away = {name for name, value in stat.labels.items() if not value}
    assert stat.metric is not None
    natural = (set(stat.metric.labels) - set(stat.labels)) | taken_away
    names = SENT_TAGS.get(stat.name, tuple(sorted(natural & set(TAGS))))
    return {name: TAGS[name] for name in names}


def test_every_mapped_stat_becomes_its_metric_with_exactly_its_labels(wire: Wire) -> None:
    mapped = [stat for stat in STATS if stat.metric]
    for stat in mapped:
        wire.send(stat, _tags(stat), 2500)
    suffix = {Kind.HISTOGRAM: "_sum", Kind.COUNTER: "", Kind.GAUGE: ""}
    wanted = {(s.metric.name + suffix[s.metric.kind], tuple(sorted(s.metric.labels))) for s in mapped if s.metric}

    def missing() -> set[Any]:
        shown = {(n, tuple(sorted(k for k, v in labels.items() if v))) for n, labels, _ in wire.samples()}
        return wanted - shown

    wait_for(lambda: not missing() or str(missing()))


def test_milliseconds_and_airflows_mistyped_seconds_both_arrive_as_seconds(wire: Wire) -> None:
    by_name = {stat.name: stat for stat in STATS}
    wire.send(by_name["task.duration"], _tags(by_name["task.duration"]), 2500)
    wire.send(by_name["dag_processing.last_duration"], _tags(by_name["dag_processing.last_duration"]), 2.5)
    wait_for(lambda: wire.value("airflow_task_duration_seconds_sum") == 2.5)
    wait_for(lambda: wire.value("airflow_dag_file_parse_seconds_sum") == 2.5)


def test_a_dags_own_measurements_arrive_under_app(wire: Wire) -> None:
    wire.client.incr("app.rows_loaded_total", 7, tags={"dag_id": "sales", "table": "orders"})
    wire.client.gauge("app.quality_score_ratio", 0.99, tags={"dag_id": "sales"})
    wait_for(lambda: wire.value("app_rows_loaded_total", dag_id="sales", table="orders") == 7)
    wait_for(lambda: wire.value("app_quality_score_ratio", dag_id="sales") == 0.99)


def test_what_no_rule_names_is_dropped_and_counted(wire: Wire) -> None:
    for _ in range(3):
        wire.client.incr("something.new", tags={"dag_id": "sales"})
    wait_for(lambda: wire.value("statsd_exporter_events_actions_total", action="drop") == 3)
    assert not [name for name, _, _ in wire.samples() if "something" in name]


def test_malformed_datagrams_are_counted_and_harm_nothing(wire: Wire) -> None:
    for datagram in (
        b"",
        b"airflow.ti_failures",
        b"airflow.ti.start:x|c",
        b"\xff\xfe:1|c",
        b"a:1|q",
        b"::||",
        b"x" * 9000,
    ):
        wire.raw(datagram)

    # statsd_exporter itself refuses what is not UTF-8.
    wait_for(lambda: wire.value("airflow_statsd_refused_total") == 5)
    wait_for(lambda: wire.value("statsd_exporter_sample_errors_total", reason="malformed_line") == 1)
    wire.client.incr("ti_failures", tags={"dag_id": "sales", "task_id": "load"})
    wait_for(lambda: wire.value("airflow_task_failures_total") == 1)


HARMFUL = (
    # Each of these ended statsd_exporter, or made its page answer 500, when it came without a filter.
    b"airflow.app.x_total,__name__=x:1|c",
    b"airflow.app.x_total,-_name__=x:1|c",
    b"airflow.app.x_seconds,le=1:1|ms",
    b"airflow.task.duration,dag_id=sales,task_id=load,le=1:1|ms",
    b"airflow.app.x_seconds:1|ms|@0.000000001",
    # Other styles of tags, and what the client never sends.
    b"airflow.app.x_seconds:1|ms|#le:1",
    b"airflow.app.x_seconds#le=1:1|ms",
    b"airflow.app.x_seconds[le=1]:1|ms",
    b"airflow.app.x_seconds,quantile=1:1|ms",
    b"airflow.app.x_total:nan|c",
    b"airflow.app.x_total:1|c:1|c",
)


def test_lines_that_harm_statsd_exporter_do_not_reach_it_and_the_rest_is_served(wire: Wire) -> None:
    for number, line in enumerate(HARMFUL, 1):
        wire.raw(b"airflow.app.before_total:1|c\n" + line + b"\nairflow.app.after_total:1|c")
        for name in ("app_before_total", "app_after_total", "airflow_statsd_refused_total"):
            wait_for(lambda n=name, c=number, sent=line: wire.value(n) == c or f"{n} after {sent!r}")
        assert wire.process.poll() is None
    assert not [name for name, _, _ in wire.samples() if "app_x" in name]


def test_a_dag_that_sends_a_reserved_tag_loses_that_measurement_only(wire: Wire) -> None:
    wire.client.incr("app.rows_total", 1, tags={"__name__": "x"})
    wire.client.incr("app.rows_total", 2, tags={"table": "orders"})
    wait_for(lambda: wire.value("app_rows_total", table="orders") == 2)
    wait_for(lambda: wire.value("airflow_statsd_refused_total") == 1)


def test_a_killed_statsd_exporter_starts_again_although_it_left_its_socket(wire: Wire) -> None:
    wire.process.kill()
    wire.process.wait(10)

    def starts() -> bool:
        # As the process manager does: again until it stays.
        if wire.process.poll() is not None:
            wire.process = wire.start_exporter()
        return wire.value("airflow_statsd_refused_total") == 0

    wait_for(starts)


def test_nobody_but_its_user_reaches_statsd_exporter(wire: Wire) -> None:
    path = Path(wire.folder.name) / "statsd.sock"
    assert path.stat().st_mode & 0o077 == 0
    listening = {c.laddr.port for c in psutil.Process(wire.process.pid).net_connections(kind="inet")}
    assert listening == {wire.web}


def test_the_loss_of_a_burst_is_measured(wire: Wire, record_property: Callable[[str, object], None]) -> None:
    """Sent = counted + refused by the socket's buffer, which the kernel counts."""
    sent = 20_000
    before = _socket_drops(wire.udp)
    for _ in range(sent):
        wire.client.incr("ti_failures", tags={"dag_id": "sales", "task_id": "burst"})

    def seen() -> float:
        return (wire.value("airflow_task_failures_total") or 0) + _socket_drops(wire.udp) - before

    wait_for(lambda: seen() == sent or str(seen()), 30)
    kept = wire.value("airflow_task_failures_total") or 0
    record_property("kept_of_20000", kept)
    print(f"kept {kept:.0f} of {sent} datagrams")
    assert kept > 0


def _socket_drops(port: int) -> int:
    """Return the datagrams that the kernel dropped for want of room in the socket bound to *port*."""
    rows = [*Path("/proc/net/udp").read_text().splitlines(), *Path("/proc/net/udp6").read_text().splitlines()]
    mine = [row.split() for row in rows if re.search(rf":{port:04X} ", row)]
    return sum(int(row[-1]) for row in mine if row[1].endswith(f":{port:04X}"))


@pytest.mark.parametrize("task_length", [180, 181, 182, 183, 250])
def test_the_policy_refuses_exactly_the_ids_whose_metrics_airflow_would_drop(wire: Wire, task_length: int) -> None:
    task = "t" * task_length
    stat = next(stat for stat in STATS if stat.name == "operator_successes")
    refused = bool(problems("sales", [Task(task)]))
    wire.send(stat, {"dag_id": "sales", "task_id": task, "operator_name": "PythonOperator"})
    wire.client.incr("ti_failures", tags={"dag_id": "sales", "task_id": "after"})
    wait_for(lambda: wire.value("airflow_task_failures_total") == 1)
    measured = wire.value("airflow_operator_finish_total") == 1
    assert measured is not refused
