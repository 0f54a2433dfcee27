"""Somebody who holds nothing, or holds one thing, tries the next: every door is shut."""

import base64
import json
import re
import smtplib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import jwt
import psycopg2
import pytest
import redis
from psycopg2.extensions import connection as Connection
from support.checkout import Checkout, wait_until
from support.doors import remembers
from support.rest import Rest

from airfleet.config.settings import Settings
from airfleet.operate.airflow_api import AirflowApi

Connect = Callable[..., Connection]
REFUSED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
# What the webserver tells everybody: its health, its version, and how to log in and out.
PUBLIC = {
    ("GET", "/api/v2/monitor/health"),
    ("GET", "/api/v2/version"),
    ("GET", "/api/v2/auth/login"),
    ("GET", "/api/v2/auth/logout"),
}


@pytest.fixture
def broker(settings: Settings, first_up: str) -> redis.Redis:
    """Redis, as the workers know it."""
    return redis.Redis(
        port=settings.redis_port, username="airflow", password=settings.redis_password.get_secret_value()
    )


@pytest.fixture
def workloads(
    checkout: Checkout, api: AirflowApi, settings: Settings, broker: redis.Redis
) -> Iterator[list[dict[str, Any]]]:
    """What the scheduler has handed over for two tasks that no worker takes: each with its token and its task's id."""
    wait_until("unserved is known", lambda: api.dag("unserved"), timeout_s=120)
    api.unpause("unserved")
    run = api.trigger("unserved", {})
    wait_until("two messages wait", lambda: broker.llen("nobody") == 2, timeout_s=60)
    messages = [json.loads(message) for message in broker.lrange("nobody", 0, -1)]
    try:
        yield [json.loads(json.loads(base64.b64decode(message["body"]))[0][0]) for message in messages]
    finally:
        broker.delete("nobody")
    # A task of whom nothing is heard fails after five minutes, and is mailed, in the midst of other tests.
    ended = httpx.patch(
        f"http://127.0.0.1:{settings.webserver_port}/api/v2/dags/unserved/dagRuns/{quote(run.run_id)}",
        json={"state": "success"},
        headers={"Authorization": f"Bearer {administrators_token(settings)}"},
        timeout=30,
    )
    ended.raise_for_status()


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
    for token in (None, "nonsense", forged, one["token"], administrators_token(settings)):
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
        "renders_a_secret": "success",
        "prints_all_it_holds": "success",
    }


def test_a_task_that_prints_all_it_holds_shows_no_secret_in_its_log_or_its_fields(
    checkout: Checkout, settings: Settings, rest: Rest, api: AirflowApi
) -> None:
    wait_until("curious is known", lambda: api.dag("curious"), timeout_s=120)
    checkout.airfleet("run", "curious")
    folder = checkout.root / "airflow" / "logs" / "dag_id=curious"
    log = "\n".join(path.read_text() for path in folder.rglob("*.log"))
    for part in ("at import:", "in a task:", "in an error:", "in a field:", "AIRFLOW__CORE__FERNET_KEY"):
        assert part in log
    fields = json.dumps(rest.get("/api/v2/dags/curious/dagRuns/~/taskInstances"))
    assert "renders_a_secret" in fields
    for secret in settings.secrets():
        assert secret not in log
        assert secret not in fields


def administrators_token(settings: Settings) -> str:
    login = {"username": settings.admin_user, "password": settings.admin_password.get_secret_value()}
    asked = httpx.post(f"http://127.0.0.1:{settings.webserver_port}/auth/token", json=login, timeout=30)
    return str(asked.raise_for_status().json()["access_token"])


def test_a_token_for_people_that_was_made_up_or_has_expired_opens_no_page(settings: Settings, first_up: str) -> None:
    token = administrators_token(settings)
    claims, algorithm = jwt.decode(token, options={"verify_signature": False}), jwt.get_unverified_header(token)["alg"]
    secret = settings.jwt_secret.get_secret_value()
    made_up = {
        "without a signature": jwt.encode(claims, None, algorithm="none"),
        "signed with a guess": jwt.encode(claims, "x" * 64, algorithm=algorithm),
        "signed with the key of log requests": jwt.encode(
            claims, settings.api_secret_key.get_secret_value(), algorithm=algorithm
        ),
        "expired": jwt.encode({**claims, "exp": int(time.time()) - 60}, secret, algorithm=algorithm),
        "for somebody else": jwt.encode({**claims, "aud": "somebody-else"}, secret, algorithm=algorithm),
    }
    for path in ("/api/v2/dags", "/ui/dags", "/api/v2/connections"):
        url = f"http://127.0.0.1:{settings.webserver_port}{path}"
        for what, forged in made_up.items():
            assert httpx.get(url, headers={"Authorization": f"Bearer {forged}"}).status_code in REFUSED, (what, path)
            assert httpx.get(url, cookies={"_token": forged}).status_code in REFUSED, (what, path)
        assert httpx.get(url, headers={"Authorization": f"Bearer {token}"}).is_success


def test_no_route_of_the_rest_api_and_the_ui_answers_without_a_login(settings: Settings, first_up: str) -> None:
    from airflow.api_fastapi.core_api.routes.ui import ui_router

    with httpx.Client(base_url=f"http://127.0.0.1:{settings.webserver_port}", timeout=30) as client:
        # The UI's own routes are in no list that the webserver gives out.
        routes = {(method, route.path) for route in ui_router.routes for method in route.methods}
        described = client.get("/openapi.json").json()["paths"]
        routes |= {(method.upper(), path) for path, methods in described.items() for method in methods}
        answers = {
            (method, path): client.request(method, re.sub(r"\{[^}]*\}", "1", path)).status_code
            for method, path in sorted(routes)
        }
    assert {path.split("/")[1] for _, path in routes} == {"api", "ui"}
    assert {route for route, status in answers.items() if status != httpx.codes.UNAUTHORIZED} == PUBLIC


@pytest.mark.parametrize("login", [None, ("admin", "wrong"), ("admin", "admin")], ids=["none", "wrong", "default"])
def test_no_route_of_flower_answers_without_its_login(
    settings: Settings, first_up: str, login: tuple[str, str] | None
) -> None:
    from flower.urls import handlers

    routes = {handler[0] if isinstance(handler, tuple) else handler.regex.pattern for handler in handlers}
    answered = set()
    with httpx.Client(base_url=f"http://127.0.0.1:{settings.flower_port}", auth=login) as client:
        for route in routes:
            path = re.sub(r"\(.*\)", "celery@airflow-worker-1", route.rstrip("$"))
            if any(client.request(method, path).status_code < httpx.codes.BAD_REQUEST for method in ("GET", "POST")):
                answered.add(path)
    # How many workers and tasks there are, for Prometheus; SECURITY.md says so. /logout is a page without data.
    assert answered == {"/metrics", "/healthcheck", "/logout"}
    assert len(routes) > len(answered) + 20


def secrets_by_key(checkout: Checkout, settings: Settings) -> dict[str, str]:
    return {key: value for key, value in checkout.env().items() if value in settings.secrets()}


def doors(settings: Settings, connect: Connect) -> dict[str, Callable[[str], bool]]:
    """Return, by the key of .env whose password opens it, who says whether a password opens a server."""
    s = settings

    def web(password: str) -> bool:
        url = f"http://127.0.0.1:{s.webserver_port}/auth/token"
        asked = httpx.post(url, json={"username": s.admin_user, "password": password}, timeout=30)
        assert asked.is_success or asked.status_code == httpx.codes.UNAUTHORIZED
        return asked.is_success

    def flower(password: str) -> bool:
        asked = httpx.get(f"http://127.0.0.1:{s.flower_port}/", auth=(s.flower_user, password))
        assert asked.is_success or asked.status_code == httpx.codes.UNAUTHORIZED
        return asked.is_success

    def mail(password: str) -> bool:
        with smtplib.SMTP("127.0.0.1", s.mail_catcher_port) as client:
            try:
                client.login("airflow", password)
            except smtplib.SMTPAuthenticationError:
                return False
        return True

    def broker(user: str) -> Callable[[str], bool]:
        def opens(password: str) -> bool:
            try:
                return bool(redis.Redis(port=s.redis_port, username=user, password=password).ping())
            except redis.exceptions.AuthenticationError:
                return False

        return opens

    def database(role: str, name: str) -> Callable[[str], bool]:
        def opens(password: str) -> bool:
            try:
                connect(role, name, password)
            except psycopg2.OperationalError as refused:
                assert "password authentication failed" in str(refused)
                return False
            return True

        return opens

    return {
        "ADMIN_PASSWORD": web,
        "FLOWER_PASSWORD": flower,
        "SESSION_KEY": lambda key: remembers(f"http://127.0.0.1:{s.webserver_port}", key),
        "MAIL_CATCHER_PASSWORD": mail,
        "REDIS_PASSWORD": broker("airflow"),
        "REDIS_MONITORING_PASSWORD": broker("monitoring"),
        "POSTGRES_PASSWORD": database("postgres", "airflow"),
        "METADATA_PASSWORD": database("airflow_metadata", "airflow"),
        "RESULTS_PASSWORD": database("airflow_results", "airflow_results"),
        "WAREHOUSE_LOADER_PASSWORD": database("warehouse_loader", "warehouse"),
        "WAREHOUSE_READER_PASSWORD": database("warehouse_reader", "warehouse"),
        "MONITORING_READER_PASSWORD": database("monitoring_reader", "airflow"),
    }


def test_every_key_opens_its_own_door_and_no_other(
    checkout: Checkout, settings: Settings, connect: Connect, first_up: str
) -> None:
    secrets = secrets_by_key(checkout, settings)
    for own, opens in doors(settings, connect).items():
        assert {key for key, secret in secrets.items() if opens(secret)} == {own}


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
