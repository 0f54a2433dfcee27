"""Every role runs on the lock, on loopback only, under a login, and comes back when it is killed."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path

import httpx
import jwt
import psutil
import pytest
from support.checkout import Checkout, wait_until

from airfleet.config.settings import Settings
from airfleet.operate.airflow_api import AirflowApi
from airfleet.stack.embedded.process_manager import processes
from airfleet.stack.embedded.stack import EmbeddedStack
from airfleet.stack.roles import ROLES


def test_every_role_runs_and_is_healthy_on_the_locked_packages(checkout: Checkout, first_up: str) -> None:
    states = {state["name"]: state for state in checkout.json("status")}
    for role in ROLES:
        mine = [state for name, state in states.items() if name in (role.name, f"{role.name}-1", f"{role.name}-2")]
        assert mine, (role.name, first_up)
        assert all(state["state"] == "running" and state["healthy"] for state in mine), mine


def test_everything_listens_on_loopback_only(stack: EmbeddedStack, first_up: str) -> None:
    listening = []
    for process in processes(stack.paths):
        # A task's process may have ended since.
        with suppress(psutil.NoSuchProcess):
            found = process.net_connections("inet")
            listening += [connection.laddr for connection in found if connection.status == psutil.CONN_LISTEN]
    assert len(listening) > len(ROLES), listening
    assert {ip for ip, _ in listening if not ip.startswith("127.")} == set()


def test_each_role_writes_its_log_into_one_folder(checkout: Checkout, stack: EmbeddedStack, first_up: str) -> None:
    logs = {path.stem for path in stack.paths.role_logs.glob("*.log")}
    assert logs >= {state["name"] for state in checkout.json("status")} | {"airflow-init"}
    shown = checkout.airfleet("logs", "airflow-worker", "-n", "500").stdout
    assert "airflow-worker-1 |" in shown
    assert "airflow-worker-2 |" in shown


def test_flower_lists_the_workers_behind_a_login_and_is_read_only(settings: Settings, first_up: str) -> None:
    base = f"http://127.0.0.1:{settings.flower_port}"
    login = (settings.flower_user, settings.flower_password.get_secret_value())
    for path in ("/", "/workers", "/api/workers", "/tasks"):
        assert httpx.get(base + path).status_code == httpx.codes.UNAUTHORIZED, path
        assert httpx.get(base + path, auth=(login[0], "wrong")).status_code == httpx.codes.UNAUTHORIZED, path
    workers = httpx.get(f"{base}/api/workers", auth=login, params={"refresh": "true"}, timeout=30).json()
    assert set(workers) == {"celery@airflow-worker-1", "celery@airflow-worker-2"}
    shutdown = httpx.post(f"{base}/api/worker/shutdown/celery@airflow-worker-1", auth=login)
    assert shutdown.status_code == httpx.codes.FORBIDDEN


def test_a_second_up_leaves_alone_what_runs(checkout: Checkout, first_up: str) -> None:
    before = {state["name"]: state["pid"] for state in checkout.json("status")}
    checkout.airfleet("up")
    assert {state["name"]: state["pid"] for state in checkout.json("status")} == before


@pytest.mark.parametrize("role", ["airflow-scheduler-1", "airflow-webserver", "airflow-worker-1", "redis", "postgres"])
def test_a_killed_process_comes_back(checkout: Checkout, stack: EmbeddedStack, role: str, first_up: str) -> None:
    pid = _pid(checkout, role)
    os.kill(pid, signal.SIGKILL)

    def is_back() -> bool:
        states = stack.states()
        found = next(state for state in states if state.name == role)
        return found.pid not in (0, pid) and all(state.healthy for state in states)

    wait_until(f"{role} and all others healthy again", is_back, timeout_s=300)


def test_up_repairs_a_stack_of_which_everything_was_killed(
    checkout: Checkout, stack: EmbeddedStack, first_up: str
) -> None:
    manager = int((stack.paths.state / "supervisord.pid").read_text())
    os.kill(manager, signal.SIGKILL)
    victims = processes(stack.paths)
    assert len(victims) > len(ROLES)
    for process in victims[::2]:  # The others go on without anyone who looks after them.
        if process.is_running():
            process.kill()
    checkout.airfleet("up")
    checkout.wait_until_healthy()
    assert _pid(checkout, "airflow-scheduler-1") not in {process.pid for process in victims}


def test_two_schedulers_share_the_work(checkout: Checkout, first_up: str) -> None:
    checkout.airfleet("scale", "airflow-scheduler=2")
    checkout.wait_until_healthy()
    assert {"airflow-scheduler-1", "airflow-scheduler-2"} <= {state["name"] for state in checkout.json("status")}
    assert checkout.json("run", "refresh_aggregations")["run"]["state"] == "success"
    checkout.airfleet("scale", "airflow-scheduler=1")


def test_a_task_log_is_read_through_the_log_server_where_the_webserver_has_no_file(
    stack: EmbeddedStack, settings: Settings, api: AirflowApi, tmp_path: Path, start_webserver: Callable[..., Settings]
) -> None:
    run = api.runs("refresh_aggregations")[-1]
    task = api.tasks(run)[0]
    elsewhere = start_webserver(AIRFLOW__LOGGING__BASE_LOG_FOLDER=str(tmp_path / "no-logs-here"))
    with AirflowApi(elsewhere) as other:
        shown = other.log(run, task.task_id)
    assert f"http://{task.hostname}:{settings.log_server_port}/log/" in shown
    assert "Task instance" in shown or "rows" in shown, shown


def test_the_log_server_refuses_requests_that_are_not_signed(
    stack: EmbeddedStack, settings: Settings, first_up: str
) -> None:
    logs = stack.paths.airflow_home / "logs"
    a_log, another = (str(path.relative_to(logs)) for path in islice(logs.glob("dag_id=*/**/*.log"), 2))
    now = int(time.time())
    claims = {"aud": "task-instance-logs", "filename": a_log, "iat": now, "nbf": now, "exp": now + 30}
    secret = settings.api_secret_key.get_secret_value()

    def status(token: str | None) -> int:
        # As the webserver sends it, without a word before.
        headers = {"Authorization": token} if token else {}
        return httpx.get(f"http://127.0.1.1:{settings.log_server_port}/log/{a_log}", headers=headers).status_code

    refused = {
        "nothing": None,
        "nonsense": "nonsense",
        "no signature": jwt.encode(claims, None, algorithm="none"),
        "a guess": jwt.encode(claims, "x" * 64, algorithm="HS512"),
        "the key of tasks' tokens": jwt.encode(claims, settings.jwt_secret.get_secret_value(), algorithm="HS512"),
        "another log": jwt.encode({**claims, "filename": another}, secret, algorithm="HS512"),
        "another use": jwt.encode({**claims, "aud": "urn:airflow.apache.org:task"}, secret, algorithm="HS512"),
        "long ago": jwt.encode({**claims, "exp": now - 3600}, secret, algorithm="HS512"),
    }
    assert {what: status(token) for what, token in refused.items()} == dict.fromkeys(refused, httpx.codes.FORBIDDEN)
    assert status(jwt.encode(claims, secret, algorithm="HS512")) == httpx.codes.OK


def _pid(checkout: Checkout, name: str) -> int:
    pid = next(state["pid"] for state in checkout.json("status") if state["name"] == name)
    assert pid, f"{name} does not run"
    return int(pid)
