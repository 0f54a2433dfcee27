"""What watches, and what is watched, goes away in turn: only that is lost, an alert says so, and it comes back."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest
from support.checkout import wait_until
from support.watched import Watched

from airfleet.observe.boards.query import QueryError
from airfleet.stack.embedded import monitoring_servers

# Scraped every 5 s, looked at every 5 s, judged every 5 s; a slow machine.
NOTICED_S = 60
RESUMED_S = 60

# What is stopped, what is then lost (jobs of Prometheus and sources of the exporter), what else may be, the alert.
AWAY: dict[str, tuple[set[str], set[str], str]] = {
    "flower": ({"flower"}, set(), "TargetDown"),
    "airfleet-exporter": ({"airflow", "redis", "postgres", "host"}, set(), "TargetDown"),
    "statsd-exporter": ({"statsd-exporter"}, set(), "StatsdExporterDown"),
    "redis": ({"source redis", "source celery"}, set(), "RedisDown"),
    # The webserver's health page asks the database.
    "postgres": ({"source metadata", "source postgres"}, {"source webserver"}, "PostgresDown"),
}


def lost(watched: Watched) -> set[str]:
    """Return the jobs that give Prometheus nothing now, and the sources that give the exporter nothing."""
    jobs = {one["metric"]["job"] for one in watched.query("up == 0")}
    return jobs | {f"source {one['metric']['source']}" for one in watched.query("airfleet_source_up == 0")}


def test_while_prometheus_is_away_nothing_that_is_counted_is_lost(watched: Watched) -> None:
    wait_until("all is healthy", lambda: all(state.healthy for state in watched.stack.states()), RESUMED_S)
    counter = 'sum(airflow_heartbeats_total{component="scheduler"})'
    before = float(watched.query(counter)[0]["value"][1])
    watched.stack.manager.stop(monitoring_servers.PROMETHEUS, wait=True)

    def unhealthy() -> set[str]:
        return {state.name for state in watched.stack.states() if not state.healthy}

    try:
        # One late answer of a busy webserver is no illness.
        wait_until("Prometheus alone is unhealthy", lambda: unhealthy() == {monitoring_servers.PROMETHEUS}, RESUMED_S)
    finally:
        watched.stack.manager.start(monitoring_servers.PROMETHEUS)

    def counted() -> bool:
        try:
            return float(watched.query(counter)[0]["value"][1]) > before
        except (QueryError, IndexError):
            return False

    wait_until("the series goes on, and higher", counted, RESUMED_S)


def test_what_watches_comes_back_when_it_is_killed(watched: Watched) -> None:
    before = {name: pid for name, pid in watched.pids().items() if name in monitoring_servers.NAMES}
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)

    def is_back() -> bool:
        states = {state.name: state for state in watched.stack.states()}
        return all(states[name].pid not in (0, pid) and states[name].healthy for name, pid in before.items())

    wait_until("all of them healthy again", is_back, RESUMED_S)


@pytest.mark.parametrize("name", AWAY)
def test_a_part_that_goes_away_is_lost_alone_is_alerted_on_and_resumes_within_a_minute(
    watched: Watched, name: str, record_property: Callable[[str, object], None]
) -> None:
    expected, tolerated, alert = AWAY[name]
    wait_until("nothing is lost before", lambda: not lost(watched), RESUMED_S)
    watched.stack.manager.stop(name, wait=True)
    try:
        wait_until(f"{expected} are lost", lambda: expected <= lost(watched), NOTICED_S)
        wait_until(f"{alert} is on its way", lambda: alert in watched.alerts("pending", "firing"), NOTICED_S)
        assert lost(watched) <= expected | tolerated
    finally:
        watched.stack.manager.start(name)
    returned = time.monotonic()
    wait_until(f"{name}'s series are there again", lambda: not lost(watched), RESUMED_S)
    record_property("resumed_after_s", round(time.monotonic() - returned))
    print(f"{name}: series resumed {time.monotonic() - returned:.0f} s after its return")
