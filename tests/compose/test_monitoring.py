"""Monitoring laid over a running stack: nothing of the stack notices, and all of it is seen."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.checkout import wait_until
from support.deployment import Deployment

from airfleet.observe.servers.prometheus_config import JOBS
from airfleet.stack.docker import compose

# All but Grafana, which cannot be had here: its dashboards are proved elsewhere, by their queries.
SERVICES = ("statsd-filter", "statsd-exporter", "airfleet-exporter", "prometheus", "alertmanager")


@pytest.fixture(scope="module")
def before(stack: Deployment, first_rows: dict[str, int | None]) -> dict[str, str]:
    """When each container of the stack was started, by its id, before monitoring was laid over."""
    assert first_rows
    return _started(stack)


@pytest.fixture(scope="module")
def monitoring(stack: Deployment, before: dict[str, str]) -> Iterator[Deployment]:
    assert before
    stack.compose("up", "-d", *SERVICES, monitoring=True)
    yield stack
    stack.compose("rm", "--stop", "--force", *SERVICES, "prometheus-init", "alertmanager-init", monitoring=True)


def test_no_service_of_the_stack_is_changed_or_started_again(monitoring: Deployment, before: dict[str, str]) -> None:
    assert before.items() <= _started(monitoring).items()


def test_status_shows_what_watches_as_healthy_too(monitoring: Deployment) -> None:
    wait_until("all is healthy", lambda: all(state.healthy for state in monitoring.docker().states()), timeout_s=120)
    names = {state.name.rsplit("-", 1)[0] for state in monitoring.docker().states()}
    assert set(SERVICES) <= names
    assert not [name for name in names if name.endswith("init")]


def test_every_job_of_prometheus_is_read(monitoring: Deployment) -> None:
    wanted = {job for job, _, _ in JOBS}
    wait_until("every target is up", lambda: _up(monitoring) == wanted, timeout_s=120)


def test_a_tasks_duration_and_outcome_reach_prometheus(monitoring: Deployment) -> None:
    run, tasks = monitoring.run_dag("refresh_aggregations")
    assert run.state == "success"
    query = 'histogram_count(sum by (task_id) (airflow_task_duration_seconds{dag_id="refresh_aggregations"}))'
    wait_until(
        "each task is counted",
        lambda: {r["metric"]["task_id"] for r in _query(monitoring, query)} == {t.task_id for t in tasks},
        timeout_s=60,
    )


def test_alertmanager_has_taken_its_configuration_and_prometheus_knows_it(monitoring: Deployment) -> None:
    status = _get(monitoring, "ALERTMANAGER_PORT", "/api/v2/status").json()
    assert "mail" in status["config"]["original"]
    known = wait_until("Prometheus has found Alertmanager", lambda: _alertmanagers(monitoring), timeout_s=60)
    assert known == ["http://alertmanager:9093/api/v2/alerts"]


@pytest.mark.parametrize("port", ["PROMETHEUS_PORT", "ALERTMANAGER_PORT"])
def test_neither_opens_a_page_without_its_login(monitoring: Deployment, port: str) -> None:
    env = monitoring.env()
    for path in ("/", "/metrics", "/-/ready", "/api/v1/query?query=up", "/api/v2/alerts"):
        for login in (None, ("admin", "admin"), (env["MONITORING_USER"], env["ADMIN_PASSWORD"])):
            answer = httpx.get(f"http://127.0.0.1:{env[port]}{path}", auth=login)
            assert answer.status_code == httpx.codes.UNAUTHORIZED, path
    assert _get(monitoring, port, "/-/ready").is_success


def test_the_login_lies_in_files_of_its_servers_own_user_alone(monitoring: Deployment) -> None:
    env = monitoring.env()
    for service, folder, names in (
        ("prometheus", "/prometheus/login", {"web.yml", "user", "password"}),
        ("alertmanager", "/alertmanager/config", {"web.yml"}),
    ):
        look = f"cd {folder}; stat -c '%a %n' *; grep -c \"$MONITORING_PASSWORD\" *"
        inside = ("exec", "-T", "--env", f"MONITORING_PASSWORD={env['MONITORING_PASSWORD']}", service)
        said = monitoring.compose(*inside, "sh", "-c", look, monitoring=True, check=False).stdout.splitlines()
        modes = {name: mode for mode, _, name in (line.partition(" ") for line in said if " " in line)}
        assert {modes[name] for name in names} == {"600"}
        counts = dict(line.rsplit(":", 1) for line in said if ":" in line)
        assert names <= counts.keys()
        assert {name for name, count in counts.items() if count != "0"} == names & {"password"}


def test_every_rule_file_is_loaded(monitoring: Deployment) -> None:
    groups = _get(monitoring, "PROMETHEUS_PORT", "/api/v1/rules").json()["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert {rule["type"] for rule in rules} == {"alerting", "recording"}
    assert [rule["name"] for rule in rules if rule["health"] == "err"] == []


def _started(stack: Deployment) -> dict[str, str]:
    # init is a one-shot: every `up` runs it.
    ids = [c["ID"] for c in stack.docker().compose.containers() if c["Service"] != "airflow-init"]
    return {found["Id"]: found["State"]["StartedAt"] for found in compose.inspect(ids)}


def _get(stack: Deployment, port: str, path: str, **parameters: str) -> httpx.Response:
    env = stack.env()
    login = (env["MONITORING_USER"], env["MONITORING_PASSWORD"])
    return httpx.get(f"http://127.0.0.1:{env[port]}{path}", params=parameters, auth=login)


def _query(stack: Deployment, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _get(stack, "PROMETHEUS_PORT", "/api/v1/query", query=query).json()["data"]["result"]
    return found


def _up(stack: Deployment) -> set[str]:
    try:
        return {r["metric"]["job"] for r in _query(stack, "up == 1")}
    except httpx.TransportError:
        return set()


def _alertmanagers(stack: Deployment) -> list[str]:
    active = _get(stack, "PROMETHEUS_PORT", "/api/v1/alertmanagers").json()["data"]["activeAlertmanagers"]
    return [found["url"] for found in active]
