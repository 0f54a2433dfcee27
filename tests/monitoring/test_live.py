"""A running stack, watched: every panel and rule has data, and the counts are the metadata database's."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg2
import pytest
from support.checkout import ROOT, wait_until
from support.time_filter import fill_sql
from support.watched import SHOP, WATCHED, Watched

from airfleet.observe.boards import html_page
from airfleet.observe.servers import build
from airfleet.stack.embedded import monitoring_servers
from bench import metrics_lag

BOARDS = sorted((ROOT / "monitoring/grafana/dashboards").glob("*.json"))
PLANTED = {"TasksKilled", "DagRunFailed", "DeadlineMissed", "TaskSLAMissed"}


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
            statement = fill_sql(target["rawSql"], seconds=3600)
            with psycopg2.connect(watched.database_url("monitoring_reader")) as reader, reader.cursor() as cursor:
                cursor.execute(statement)
                assert cursor.fetchall()
            continue
        expression = html_page.fill(target["expr"], seconds=900)
        wait_until(expression, lambda e=expression: watched.query(e), 30)


def test_every_rule_is_evaluated_without_an_error(watched: Watched) -> None:
    groups = watched.prometheus.rules()
    bad = {rule["name"]: rule.get("lastError") for group in groups for rule in group["rules"] if rule["health"] != "ok"}
    assert not bad
    recorded = {rule["name"] for group in groups for rule in group["rules"] if rule["type"] == "recording"}
    empty = {name for name in recorded if not watched.query(name)}
    assert not empty


def test_the_alerts_of_the_planted_faults_fire_and_no_other(watched: Watched) -> None:
    # Their faults were minutes ago: where all else takes long, they are over by now.
    for alert in sorted(PLANTED):
        wait_until(f"{alert} has fired", lambda a=alert: a in watched.fired(), 60)
    assert watched.alerts("firing") - PLANTED <= {"TaskErrorBudgetFast"}


def test_the_planted_alerts_reach_the_mailbox_when_nothing_is_configured(watched: Watched) -> None:
    # Two reasons in one message: no summary is common to both.
    titles = {"TasksKilled watched_killed: 2 alerts", "A run of watched_misses missed its deadline"}

    def untold() -> set[str]:
        return titles - {mail.subject for mail in watched.stack.mails()}

    try:
        # The second kill is found later than the first: where its alert misses the first mail (group_wait), it is in
        # the next (group_interval).
        wait_until("the alerts' mails are there", lambda: not untold(), 120)
    except AssertionError:
        raise AssertionError(f"{untold()} not among {[mail.subject for mail in watched.stack.mails()]}") from None


def test_counts_equal_the_metadata_databases_exactly(watched: Watched) -> None:
    """Per Dag and state: what StatsD counted is what the audit log holds, less the tries that were killed."""
    ours = (*WATCHED, *SHOP)

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
    wait_until(
        "the mail is there",
        lambda: any(mail.subject == "Deadline missed: watched_misses" for mail in watched.stack.mails()),
        30,
    )


def test_a_finished_task_is_seen_within_fifteen_seconds(
    watched: Watched, record_property: Callable[[str, object], None]
) -> None:
    ended = metrics_lag.ends(watched.database_url("monitoring_reader"), "watched_steps", 0)
    found = metrics_lag.lags(ended, watched.prometheus, "watched_steps")
    record_property("lag", metrics_lag.summary(found))
    print(f"lag from task end to Prometheus, {metrics_lag.summary(found)}")
    assert len(found) == 20
    assert max(found) < 15


def test_the_pages_pictures_are_drawn_from_the_boards_own_queries(watched: Watched, tmp_path: Path) -> None:
    target = tmp_path / "dashboards.html"
    drawn = html_page.write(target, BOARDS, watched.prometheus, minutes=15)
    text = html.unescape(target.read_text())
    titles = {panel.values[0]["title"] for panel in panels() if not panel.values[0]["targets"][0].get("rawSql")}
    assert {title for title in titles if title not in text} == set()
    assert drawn.failed == []
    assert text.count("<svg") >= 30


def test_the_shops_own_numbers_are_what_its_load_says(watched: Watched) -> None:
    loaded = watched.query("sum(app_shop_rows_loaded_total)")
    assert float(loaded[0]["value"][1]) == 60_495
    scores = watched.query("app_shop_quality_score_ratio")
    assert {one["metric"]["dag_id"] for one in scores} == {"weekly_full_pipeline", "daily_quality_check"}
    assert all(0.9 < float(one["value"][1]) <= 1 for one in scores)
    revenue = {one["value"][1] for one in watched.query("app_shop_net_revenue_rupees")}
    assert len(revenue) == 1, "the weekly and the nightly Dag see the same rows"


def test_what_watches_came_up_without_a_restart_of_a_role(watched: Watched) -> None:
    now = watched.pids()
    assert not set(monitoring_servers.NAMES) & watched.before_watching.keys()
    assert set(monitoring_servers.NAMES) - {"grafana"} <= now.keys()
    assert {name: now[name] for name in watched.before_watching} == watched.before_watching


def test_a_program_on_path_is_used_and_named_and_none_is_built(watched: Watched) -> None:
    alertmanager, path = build.ALERTMANAGER, watched.on_path / build.ALERTMANAGER.name
    assert psutil.Process(watched.pids()[alertmanager.name]).cmdline()[0] == str(path)
    assert watched.noted == [f"alertmanager: {path} {alertmanager.version} is on PATH and is used"]
    assert not (watched.cache / alertmanager.file_name).exists()


def test_a_second_up_leaves_the_watched_stack_alone_and_status_shows_all_of_it_healthy(watched: Watched) -> None:
    before = watched.pids()
    watched.stack.up(watched.stack.counts(), print)
    watched.stack.start_monitoring(print, print)
    assert watched.pids() == before
    # One late answer of a busy webserver is no illness.
    wait_until("all is healthy", lambda: all(state.healthy for state in watched.stack.states()), 60)


def test_prometheus_keeps_its_series_as_long_as_env_says(watched: Watched) -> None:
    url = f"http://127.0.0.1:{watched.settings.prometheus_port}/api/v1/status/flags"
    flags = httpx.get(url, auth=watched.settings.monitoring_login).json()["data"]
    assert flags["storage.tsdb.retention.time"] == "9d"
    assert flags["storage.tsdb.retention.size"] == "10GiB", "as Prometheus calls the 10GB of .env"


def test_what_watches_listens_on_loopback_alone(watched: Watched) -> None:
    pids = watched.pids()
    for name in monitoring_servers.NAMES[:4]:
        connections = psutil.Process(pids[name]).net_connections("inet")
        assert connections
        assert {connection.laddr.ip for connection in connections} == {"127.0.0.1"}, name


def test_a_run_that_failed_before_its_deadline_has_met_it_and_can_be_cleared(watched: Watched) -> None:
    """Its deadline is settled as met at the end. Last of all: what is cleared runs once more, and counts again."""
    s = watched.settings
    base = f"http://127.0.0.1:{s.webserver_port}"
    login = {"username": s.admin_user, "password": s.admin_password.get_secret_value()}
    token = httpx.post(f"{base}/auth/token", json=login, timeout=90).json()["access_token"]
    ((run_id, pending),) = watched.rows(
        "SELECT run_id, count(deadline.id) FROM dag_run LEFT JOIN deadline ON dagrun_id = dag_run.id AND NOT missed"
        " WHERE dag_run.dag_id = 'watched_retries' GROUP BY run_id"
    )
    assert pending == 0
    answer = httpx.post(
        f"{base}/api/v2/dags/watched_retries/clearTaskInstances",
        headers={"Authorization": f"Bearer {token}"},
        json={"dry_run": False, "dag_run_id": run_id, "only_failed": True},
        timeout=90,
    )
    assert answer.is_success, answer.text
    assert {one["task_id"] for one in answer.json()["task_instances"]} == {"breaks"}
