"""Somebody who holds nothing, or holds one thing, tries the next: every door is shut."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import jwt
import psycopg2
import pytest
import redis
from psycopg2.extensions import connection as Connection
from support.checkout import Checkout, wait_until

from airfleet.api import AirflowApi
from airfleet.settings import Settings

Connect = Callable[..., Connection]
REFUSED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


@pytest.fixture
def broker(settings: Settings, first_up: str) -> redis.Redis:
    """Redis, as the workers know it."""
    return redis.Redis(
        port=settings.redis_port, username="airflow", password=settings.redis_password.get_secret_value()
    )


@pytest.fixture
def workloads(checkout: Checkout, api: AirflowApi, broker: redis.Redis) -> Iterator[list[dict[str, Any]]]:
    """What the scheduler has handed over for two tasks that no worker takes: each with its token and its task's id."""
    wait_until("unserved is known", lambda: api.dag("unserved"), timeout_s=120)
    api.unpause("unserved")
    api.trigger("unserved", {})
    wait_until("two messages wait", lambda: broker.llen("nobody") == 2, timeout_s=60)
    messages = [json.loads(message) for message in broker.lrange("nobody", 0, -1)]
    yield [json.loads(json.loads(base64.b64decode(message["body"]))[0][0]) for message in messages]
    broker.delete("nobody")


def test_a_tasks_token_is_good_for_that_task_alone(settings: Settings, workloads: list[dict[str, Any]]) -> None:
    one, other = workloads
    base = f"http://127.0.0.1:{settings.webserver_port}/execution"
    start = {
        "state": "running",
        "hostname": "intruder",
        "unixname": "intruder",
        "pid": 1,
        "start_date": datetime.now(UTC).isoformat(),
    }

    def attempt(method: str, path: str, token: str | None, body: dict[str, Any] | None = None) -> int:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.request(method, base + path, headers=headers, json=body).status_code

    run_of_other = f"/task-instances/{other['ti']['id']}/run"
    forged = jwt.encode({**jwt.decode(one["token"], options={"verify_signature": False})}, "x" * 64, algorithm="HS512")
    for token in (None, "nonsense", forged, one["token"]):
        assert attempt("PATCH", run_of_other, token, start) in REFUSED, token
        assert attempt("GET", "/connections/warehouse", token) in REFUSED, token
        assert attempt("GET", "/variables/mail_to", token) in REFUSED, token
    # Its own task is what the same token, in the same request, is for.
    assert attempt("PATCH", f"/task-instances/{one['ti']['id']}/run", one["token"], start) == httpx.codes.OK


def test_a_tasks_token_opens_no_page_for_people(settings: Settings, workloads: list[dict[str, Any]]) -> None:
    base = f"http://127.0.0.1:{settings.webserver_port}"
    for path in ("/api/v2/dags", "/api/v2/connections", "/api/v2/variables", "/ui/dags", "/api/v2/config"):
        for headers in ({}, {"Authorization": f"Bearer {workloads[0]['token']}"}):
            assert httpx.get(base + path, headers=headers).status_code in REFUSED, path


def test_no_token_is_seen_in_flower_or_in_celerys_events(
    settings: Settings, api: AirflowApi, checkout: Checkout
) -> None:
    checkout.airfleet("run", "refresh_aggregations")
    login = (settings.flower_user, settings.flower_password.get_secret_value())
    url = f"http://127.0.0.1:{settings.flower_port}/api/tasks"
    tasks = wait_until("Flower lists tasks", lambda: httpx.get(url, auth=login).json(), timeout_s=30)
    assert all(task["name"] == "execute_workload" for task in tasks.values())
    # A JSON Web Token begins with {"alg" or {"typ", in base64.
    assert "eyJ" not in json.dumps(tasks)


def test_a_task_reaches_neither_the_metadata_database_nor_another_roles_secrets(
    checkout: Checkout, api: AirflowApi
) -> None:
    wait_until("curious is known", lambda: api.dag("curious"), timeout_s=120)
    ran = checkout.json("run", "curious")
    assert {task["task_id"]: task["state"] for task in ran["tasks"]} == {
        "reads_the_metadata_through_airflow": "success",
        "reads_the_metadata_with_the_warehouses_login": "success",
        "finds_secrets_in_its_environment": "success",
    }


def test_one_doors_key_does_not_open_the_next(settings: Settings, connect: Connect, first_up: str) -> None:
    s = settings
    flower, base = f"http://127.0.0.1:{s.flower_port}/", f"http://127.0.0.1:{s.webserver_port}"
    admin, flowers = s.admin_password.get_secret_value(), s.flower_password.get_secret_value()
    assert httpx.get(flower, auth=(s.flower_user, admin)).status_code == httpx.codes.UNAUTHORIZED
    asked = httpx.post(f"{base}/auth/token", json={"username": s.admin_user, "password": flowers})
    assert asked.status_code == httpx.codes.UNAUTHORIZED
    monitoring = s.redis_monitoring_password.get_secret_value()
    with pytest.raises(redis.exceptions.AuthenticationError):
        redis.Redis(port=s.redis_port, username="airflow", password=monitoring).ping()
    for role, database in (
        ("airflow_metadata", "airflow"),
        ("postgres", "postgres"),
        ("warehouse_loader", "warehouse"),
    ):
        with pytest.raises(psycopg2.OperationalError, match="authentication failed"):
            connect(role, database, s.results_password.get_secret_value())


@pytest.mark.parametrize(
    ("user", "password"),
    [("airflow", "airflow"), ("admin", "admin"), ("admin", ""), ("postgres", "postgres"), ("root", "root")],
)
def test_default_and_example_logins_open_nothing(settings: Settings, first_up: str, user: str, password: str) -> None:
    base = f"http://127.0.0.1:{settings.webserver_port}"
    asked = httpx.post(f"{base}/auth/token", json={"username": user, "password": password})
    # An empty password is no login at all, which is answered as a malformed request.
    assert asked.is_client_error
    flower = httpx.get(f"http://127.0.0.1:{settings.flower_port}/", auth=(user, password))
    assert flower.status_code == httpx.codes.UNAUTHORIZED
    with pytest.raises(redis.exceptions.AuthenticationError):
        redis.Redis(port=settings.redis_port, username=user, password=password).ping()
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(host="127.0.0.1", port=settings.postgres_port, user=user, password=password, dbname="postgres")
