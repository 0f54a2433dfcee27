"""A slow and lossy network, a full disk, and the programs that only watch."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from support.checkout import wait_until
from support.faults.fleet import Fleet
from support.faults.network import slow_and_lossy
from support.faults.report import Entry
from support.faults.workload import Invariant, Work

from airfleet.observe.boards.query import PrometheusClient, QueryError

Record = Callable[..., Entry]


def test_latency_and_loss_fail_nothing(fleet: Fleet, invariant: Invariant, record: Record) -> None:
    entry = record(15, "200 ms latency and 5 % loss to Redis and the webserver")
    settings = fleet.settings
    with slow_and_lossy(0.2, 5, settings.redis_port, settings.webserver_port):
        # Existing connections do not take the detour: Redis drops them all.
        fleet.stop("redis")
        fleet.start("redis")
        asked = time.monotonic()
        httpx.get(f"http://127.0.0.1:{settings.webserver_port}/api/v2/version", trust_env=False, timeout=30)
        assert time.monotonic() - asked > 0.2, "the webserver answers as fast as ever"
        work = Work.start(fleet)
        outcome = invariant.holds(work)
        entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    fleet.stop("redis")
    fleet.start("redis")
    assert outcome.further_tries == 0


@pytest.fixture
def small_log_disk(fleet: Fleet) -> Iterator[Path]:
    """A disk of 8 MiB for the tasks' logs, in place of the folder."""
    logs = fleet.stack.paths.airflow_home / "logs"
    logs.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=777", "faults", str(logs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"Only root may mount a small disk ({done.stderr.strip()}). Run this test as root."
    yield logs
    subprocess.run(["umount", "--lazy", str(logs)], check=True)


def test_work_goes_on_after_a_full_log_disk_was_cleared(
    fleet: Fleet, invariant: Invariant, record: Record, small_log_disk: Path
) -> None:
    entry = record(16, "the log disk full for 20 s")
    work = Work.start(fleet)
    work.wait_until_in_flight()
    filler = small_log_disk / "filler"
    with pytest.raises(OSError, match="No space left"), filler.open("wb") as file:
        while True:
            file.write(b"x" * 4096)
            file.flush()
    full = time.time()
    wait_until("20 s pass", lambda: time.time() - full > 20, timeout_s=30)
    assert shutil.disk_usage(small_log_disk).free == 0, "the disk was not full all the time"
    filler.unlink()
    cleared = time.time()
    assert not work.ended(), "the fault came after the work"
    entry.recovery_s, entry.recovery_of = work.first_start_after(cleared) - cleared, "until a task started"
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries


WATCHERS = ("statsd-filter", "statsd-exporter", "airfleet-exporter", "prometheus", "alertmanager", "flower")
# A series of each path into Prometheus: StatsD, the exporter's look-ups, Flower's own page.
SERIES = ("airflow_heartbeats_total", "airflow_queue_length", "flower_worker_online")


def test_killed_watchers_disturb_nobody_and_come_back(
    fleet: Fleet, invariant: Invariant, record: Record, watched: None
) -> None:
    entry = record(14, f"{', '.join(WATCHERS)} killed -9")
    wait_until("every series is there", lambda: _seen_after(fleet, 0) == set(SERIES), timeout_s=120)
    work = Work.start(fleet)
    work.wait_until_in_flight()
    killed = max(fleet.kill(name) for name in WATCHERS)
    wait_until("every series is back", lambda: _seen_after(fleet, killed) == set(SERIES), timeout_s=120)
    entry.recovery_s, entry.recovery_of = time.time() - killed, "until every series was back"
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    assert entry.recovery_s < 60
    assert outcome.further_tries == 0


def _seen_after(fleet: Fleet, moment: float) -> set[str]:
    """Return those of SERIES that Prometheus has scraped after *moment* (Unix time)."""
    url = f"http://127.0.0.1:{fleet.settings.prometheus_port}"
    prometheus = PrometheusClient(url, fleet.settings.monitoring_login)
    seen = set()
    for name in SERIES:
        try:
            result = prometheus.instant(f"max(timestamp({name}))")
        except QueryError:
            continue
        if result and float(result[0]["value"][1]) > moment:
            seen.add(name)
    return seen


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize(("role", "alert"), [("airflow-webserver", "ApiServerDown"), ("redis", "RedisDown")])
def test_an_absence_that_outlasts_its_alert_is_told_and_taken_back(
    fleet: Fleet, invariant: Invariant, record: Record, role: str, alert: str
) -> None:
    entry = record(14, f"{role} away until {alert} fires")
    work = Work.start(fleet)
    work.wait_until_in_flight()
    gone = fleet.stop(role)
    wait_until(f"{alert} fires", lambda: _fires(fleet, alert), timeout_s=240)
    entry.notes = f"fired after {time.time() - gone:.0f} s"
    assert not work.ended(), "the fault came after the work"
    back = fleet.start(role)
    wait_until(f"{alert} is over", lambda: not _fires(fleet, alert), timeout_s=240)
    entry.recovery_s, entry.recovery_of = time.time() - back, "until the alert was over"
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries


def _fires(fleet: Fleet, alert: str) -> bool:
    """Return whether Alertmanager holds *alert*."""
    url = f"http://127.0.0.1:{fleet.settings.alertmanager_port}/api/v2/alerts"
    wanted, login = {"active": "true", "filter": f'alertname="{alert}"'}, fleet.settings.monitoring_login
    answer = httpx.get(url, params=wanted, auth=login, trust_env=False, timeout=30)
    return bool(answer.raise_for_status().json())
