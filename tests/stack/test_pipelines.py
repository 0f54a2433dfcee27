"""The three Dags on two workers: what the first `up` shows, and that a rerun changes nothing."""

from collections.abc import Callable

from psycopg2.extensions import connection as Connection
from support.checkout import Checkout
from support.warehouse import MARTS, checksums

from airfleet.operate.airflow_api import AirflowApi

DAGS = ("weekly_full_pipeline", "daily_quality_check", "refresh_aggregations")


def test_first_up_runs_every_dag_once_and_prints_their_tasks_rows_and_logins(
    checkout: Checkout, first_up: str, api: AirflowApi
) -> None:
    for dag_id in DAGS:
        # Since then other tests have started runs by hand, and the scheduler those whose time came.
        assert api.runs(dag_id)[-1].state == "success", first_up
    assert "60,495" in first_up
    for rows in MARTS.values():
        assert f"{rows:,}" in first_up
    assert checkout.env()["ADMIN_PASSWORD"] in first_up
    assert f":{checkout.env()['WEBSERVER_PORT']}" in first_up


def test_the_first_runs_are_shared_by_both_workers(api: AirflowApi, first_up: str) -> None:
    tasks = [task for dag_id in DAGS for task in api.tasks(api.runs(dag_id)[-1])]
    assert {task.tries for task in tasks} == {1}
    assert {task.hostname for task in tasks} == {"127.0.1.1", "127.0.1.2"}, first_up


def test_weekly_load_accounts_for_every_source_record(
    connect: Callable[[str, str], Connection], api: AirflowApi, first_up: str
) -> None:
    rows = {task.task_id: task.rows for task in api.tasks(api.runs("weekly_full_pipeline")[-1])}
    assert rows["data_ingestion"] == 60_495, rows


def test_marts_have_the_contracts_counts(connect: Callable[[str, str], Connection], first_up: str) -> None:
    with connect("warehouse_reader", "warehouse").cursor() as cursor:
        for mart, rows in MARTS.items():
            cursor.execute(f"SELECT count(*) FROM marts.{mart}")
            assert cursor.fetchone() == (rows,), mart


def test_running_every_dag_again_leaves_the_same_rows(
    checkout: Checkout, connect: Callable[[str, str], Connection], first_up: str
) -> None:
    before = checksums(connect)
    for dag_id in DAGS:
        ran = checkout.json("run", dag_id)
        assert ran["run"]["state"] == "success", ran
    assert checksums(connect) == before


def test_the_weekly_run_leaves_a_report_and_a_mail(checkout: Checkout, first_up: str) -> None:
    reports = list((checkout.root / "data" / "reports").rglob("*.html"))
    assert reports
    assert "<svg" in reports[0].read_text()
    subjects = [mail["subject"] for mail in checkout.json("mail")]
    assert any(subject.startswith("Shop week to ") for subject in subjects), subjects
