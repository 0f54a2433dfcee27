"""The maintenance Dag deletes what is old, and nothing that still goes on."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from psycopg2.extensions import connection as Connection
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from support.checkout import Checkout, wait_until

from airfleet.config.settings import Settings
from airfleet.operate.airflow_api import AirflowApi
from airfleet.runtime.maintenance import old_rows
from airfleet.runtime.maintenance.web_page import PREFIX
from airfleet.stack.roles import postgres_dsn

Connect = Callable[..., Connection]


def test_old_runs_and_logs_go_and_what_goes_on_stays(
    checkout: Checkout, settings: Settings, api: AirflowApi, connect: Connect
) -> None:
    # Airflow's own cleaning is not even started.
    assert not _is_anything_old(settings)
    wait_until("the Dags are known", lambda: api.dag("aging") and api.dag("lasting"), timeout_s=120)
    runs = [checkout.json("run", "aging")["run"]["run_id"] for _ in range(3)]
    api.unpause("lasting")
    lasting = api.trigger("lasting", {})
    wait_until("it waits in its queue", lambda: api.tasks(lasting)[0].state == "queued", timeout_s=60)

    logs = checkout.root / "airflow" / "logs"
    with connect("airflow_metadata", "airflow").cursor() as cursor:
        for run_id, days in ((runs[0], 200), (runs[1], 95), (lasting.run_id, 100)):
            age = "UPDATE dag_run SET start_date = now() - %s * interval '1 day' WHERE run_id = %s"
            cursor.execute(age, (days, run_id))
            for path in logs.glob(f"dag_id=*/run_id={run_id}/**/*.log"):
                os.utime(path, (time.time() - days * 86_400,) * 2)
    before = _runs(connect)
    assert _is_anything_old(settings)

    counted = checkout.json("run", "airfleet_maintenance", "--conf", '{"dry_run": true}')
    states = {task["task_id"]: task["state"] for task in counted["tasks"]}
    assert states == {"count": "success", **dict.fromkeys(("clean_database", "clean_results", "clean_logs"), "skipped")}
    run = next(run for run in api.runs("airfleet_maintenance") if run.run_id == counted["run"]["run_id"])
    assert next(task["rows"] for task in counted["tasks"] if task["task_id"] == "count") >= 1, api.log(run, "count")
    assert before <= _runs(connect)

    ran = checkout.json("run", "airfleet_maintenance")
    assert {task["state"] for task in ran["tasks"]} == {"success"}
    # 95 days are past the 90 of .env, and a run that is 100 days old still goes on.
    assert before - _runs(connect) == {("aging", runs[0])}
    assert not list(logs.glob(f"dag_id=aging/run_id={runs[0]}"))
    assert not list(logs.glob(f"dag_id=aging/run_id={runs[1]}"))
    assert list(logs.glob(f"dag_id=aging/run_id={runs[2]}/**/*.log"))
    assert api.run(lasting).state == "running"


@pytest.mark.parametrize("what", ["nothing", "another key", "another use", "a token that never ends"])
def test_nobody_else_may_ask_for_a_cleaning(settings: Settings, first_up: str, what: str) -> None:
    secret = "x" * 64 if what == "another key" else settings.api_secret_key.get_secret_value()
    claims: dict[str, Any] = {"aud": "task-instance-logs" if what == "another use" else PREFIX}
    if what != "a token that never ends":
        claims["exp"] = time.time() + 60
    login = {} if what == "nothing" else {"Authorization": f"Bearer {jwt.encode(claims, secret, algorithm='HS512')}"}
    url = f"http://127.0.0.1:{settings.webserver_port}{PREFIX}/database"
    answer = httpx.post(url, params={"dry_run": False}, headers=login)
    assert answer.status_code == httpx.codes.FORBIDDEN


def _is_anything_old(settings: Settings) -> bool:
    server = ("127.0.0.1", settings.postgres_port)
    dsn = postgres_dsn("airflow_metadata", settings.metadata_password, server, "airflow")
    with Session(create_engine(dsn.replace("://", "+psycopg2://"))) as session:
        return old_rows.is_anything_old(session, datetime.now(UTC) - timedelta(days=90))


def _runs(connect: Connect) -> set[tuple[str, str]]:
    with connect("airflow_metadata", "airflow").cursor() as cursor:
        cursor.execute("SELECT dag_id, run_id FROM dag_run")
        return {(dag_id, run_id) for dag_id, run_id in cursor.fetchall()}
