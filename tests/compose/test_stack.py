"""What a user gets from docker-compose.celery.yml: the order is that of a first day with it."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from support.checkout import wait_until
from support.deployment import Deployment

from airfleet.config.settings import load

HEAVY = """
from airflow.sdk import dag, task


@dag(schedule=None)
def heavy():
    @task(queue="heavy")
    def lift(number: int) -> dict[str, int]:
        return {"rows": number}

    lift.expand(number=[1, 1])


heavy()
"""


def test_three_dags_succeed_on_the_shops_rows(first_rows: dict[str, int | None]) -> None:
    assert first_rows["data_ingestion"] == 60_495
    assert first_rows["refresh_customer_summary"] == 8_893
    assert first_rows["refresh_product_summary"] == 495
    assert first_rows["refresh_daily_sales"] == 181
    assert first_rows["refresh_monthly_sales"] == 7


def test_every_change_to_airflow_is_active_in_every_container_that_needs_it(
    stack: Deployment, first_rows: dict[str, int | None]
) -> None:
    found = {each["name"]: each for each in json.loads(stack.airfleet("patches", "--json").stdout)}
    assert found["middlewares"]["processes"] == {"airflow-webserver-1": "active"}
    states = {state for each in found.values() for state in each["processes"].values()}
    assert states == {"active"}, found
    assert "works without" not in stack.airfleet("status").stdout


def test_flower_lists_the_workers_and_wants_a_login(stack: Deployment) -> None:
    env = stack.env()
    for path in ("/", "/workers", "/api/workers"):
        assert httpx.get(stack.flower(path)).status_code == 401
    login = (env["FLOWER_USER"], env["FLOWER_PASSWORD"])
    names = {state.celery_name for state in stack.docker().states() if state.celery_name}
    assert len(names) == int(env["WORKERS"])

    def listed() -> bool:
        answer = httpx.get(stack.flower("/api/workers?refresh=true"), auth=login, timeout=30)
        return set(answer.json()) == names

    # Flower gives workers a second to answer, which a busy machine may not.
    wait_until("Flower lists the workers", listed)


def test_airflows_own_command_line_runs_in_the_webservers_container(
    stack: Deployment, capfd: pytest.CaptureFixture[str]
) -> None:
    assert stack.docker().run_airflow(["dags", "list", "--output", "plain"]) == 0
    assert "weekly_full_pipeline" in capfd.readouterr().out
    assert stack.docker().run_airflow(["connections", "get", "no_such"]) != 0


def test_the_heavy_group_takes_the_tasks_of_its_queue(stack: Deployment) -> None:
    stack.add_dag("heavy", HEAVY)
    stack.compose("up", "-d", profiles=("heavy",))
    run, tasks = stack.run_dag("heavy")
    assert run.state == "success"
    heavy = {c["ID"][:12] for c in stack.containers("airflow-worker-heavy")}
    assert {task.hostname for task in tasks} == heavy
    stack.compose("rm", "--stop", "--force", "airflow-worker-heavy", profiles=("heavy",))


def test_a_worker_that_stopped_consuming_is_ended_and_comes_back(stack: Deployment) -> None:
    container = stack.containers("airflow-worker")[0]
    index = int(container["Name"].rsplit("-", 1)[1])
    hostname, began = container["ID"][:12], time.monotonic()
    cancel = (
        "import os; from celery import Celery;"
        " app = Celery(broker=os.environ['AIRFLOW__CELERY__BROKER_URL']);"
        f" print(app.control.cancel_consumer('default', destination=['celery@{hostname}'], reply=True))"
    )
    assert "no longer consuming" in stack.exec("airflow-worker", "python", "-c", cancel, index=index)
    # Docker's own check counts with these, so that the worker may be gone before the third.
    said = [
        stack.exec("airflow-worker", "python", "-m", "airfleet.stack.docker.worker_health", index=index, check=False)
        for _ in range(3)
    ]
    assert "Takes no tasks from default" in said[0], said
    assert all("Takes no tasks from default" in line for line in said if "in a row" in line), said
    wait_until(
        "the worker has come back",
        lambda: any(
            s.celery_name == f"celery@{hostname}" and s.uptime_s < time.monotonic() - began and s.slots
            for s in stack.docker().states()
        ),
        timeout_s=300,
    )
    logs = stack.compose("logs", "--no-log-prefix", f"--index={index}", "airflow-worker").stdout
    assert "sends SIGTERM to the worker" in logs


@pytest.mark.parametrize(
    "path", ["/execution/", "/execution/health", "//execution/health", "/%65xecution/health", "/./execution/health"]
)
def test_the_gateway_keeps_the_execution_api_from_outside(stack: Deployment, path: str) -> None:
    host, port = "127.0.0.1", int(stack.env()["WEBSERVER_PORT"])
    # As written: a client would tidy the path up.
    with httpx.Client() as client:
        answer = client.send(
            httpx.Request("GET", f"http://{host}:{port}/", extensions={"target": path.encode()}),
        )
    assert answer.status_code == 403


def test_two_webservers_share_the_requests_and_two_schedulers_work(stack: Deployment) -> None:
    stack.compose("up", "-d", "--scale", "airflow-webserver=2", "--scale", "airflow-scheduler=2", "--no-recreate")
    stack.wait_until_healthy()
    metrics = "exec 3<>/dev/tcp/127.0.0.1/8404; printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3"
    wait_until(
        "the gateway sees two webservers",
        lambda: "2" in _sample(stack.exec("gateway", "bash", "-c", metrics), "haproxy_backend_active_servers"),
    )
    for _ in range(20):
        assert httpx.get(stack.url("/api/v2/version")).status_code == 200
    shares = _sample(stack.exec("gateway", "bash", "-c", metrics), "haproxy_server_http_responses_total", 'code="2xx"')
    assert sum(float(share) > 0 for share in shares) >= 2
    health = httpx.get(stack.url("/api/v2/monitor/health")).json()
    assert health["scheduler"]["status"] == "healthy"
    alive = "SELECT count(*) FROM job WHERE job_type='SchedulerJob' AND state='running'"
    assert _psql(stack, "airflow_metadata", "airflow", alive).strip() == "2"
    run, _ = stack.run_dag("daily_quality_check")
    assert run.state == "success"
    stack.compose("up", "-d")


def _sample(text: str, name: str, label: str = "") -> list[str]:
    lines = (line for line in text.splitlines() if line.startswith(name + "{") and "webservers" in line)
    return [line.rsplit(" ", 1)[1] for line in lines if label in line]


def _psql(stack: Deployment, user: str, database: str, query: str) -> str:
    settings = load(stack.root / ".env")
    passwords = {
        "airflow_metadata": settings.metadata_password,
        "warehouse_loader": settings.warehouse_loader_password,
        "airflow_results": settings.results_password,
    }
    password = passwords[user].get_secret_value()
    address = f"postgresql://{user}:{password}@127.0.0.1:5432/{database}"
    return stack.exec("postgres", "psql", "-qtA", address, "-c", query, check=False)


@pytest.mark.parametrize("user", ["warehouse_loader", "airflow_results"])
def test_a_workers_logins_do_not_open_the_metadata_database(stack: Deployment, user: str) -> None:
    assert "no pg_hba.conf entry" in _psql(stack, user, "airflow", "SELECT 1") or "rejects" in _psql(
        stack, user, "airflow", "SELECT 1"
    )


def test_a_worker_holds_no_secret_of_the_control_plane(stack: Deployment) -> None:
    env = stack.env()
    inside = stack.exec("airflow-worker", "env")
    for key in ("JWT_SECRET", "METADATA_PASSWORD", "POSTGRES_PASSWORD", "ADMIN_PASSWORD", "FLOWER_PASSWORD"):
        assert env[key] not in inside, key


def test_init_is_safe_twice_at_once(stack: Deployment) -> None:
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: stack.compose("run", "--rm", "-T", "--no-deps", "airflow-init"), range(2)))
    assert all("init: done" in d.stdout for d in done)


def test_no_role_writes_outside_its_volumes(stack: Deployment) -> None:
    for service in ("airflow-webserver", "airflow-scheduler", "airflow-worker", "flower", "gateway", "redis"):
        said = stack.exec(service, "sh", "-c", "touch /etc/probe /usr/probe 2>&1; id -u", check=False)
        assert said.count("Read-only file system") == 2, said
        assert said.strip().splitlines()[-1] != "0"


@pytest.fixture(scope="module")
def through_pgbouncer(stack: Deployment, first_rows: dict[str, int | None]) -> tuple[Deployment, set[str]]:
    """The stack after a `down`, and an `up` with pgbouncer before the metadata; the runs that it had before.

    What comes after this finds it so: each change of the metadata's server starts every role again.
    """
    assert first_rows
    with stack.api() as api:
        before = {run.run_id for run in api.runs("weekly_full_pipeline")}
    stack.compose("down", "--timeout", "60")
    assert json.loads(stack.compose("ps", "--all", "--format", "json").stdout or "[]") == []
    stack.set_env(METADATA_SERVER="pgbouncer:6432")
    stack.compose("up", "-d", "--build", profiles=("pgbouncer",))
    stack.wait_until_healthy()
    return stack, before


def test_data_survives_down_and_up(through_pgbouncer: tuple[Deployment, set[str]]) -> None:
    stack, before = through_pgbouncer
    with stack.api() as api:
        assert {run.run_id for run in api.runs("weekly_full_pipeline")} >= before


def test_the_roles_work_through_pgbouncer(through_pgbouncer: tuple[Deployment, set[str]]) -> None:
    stack, _ = through_pgbouncer
    run, tasks = stack.run_dag("refresh_aggregations")
    assert run.state == "success", tasks
    clients = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'airflow_metadata'"
    address = f"postgresql://postgres:{stack.env()['POSTGRES_PASSWORD']}@127.0.0.1:5432/postgres"
    assert 1 <= int(stack.exec("postgres", "psql", "-qtA", address, "-c", clients)) <= 40
    assert "pgbouncer:6432" in stack.exec("airflow-scheduler", "env")


# As slow as the `down` and `up` above, and of what Docker does.
@pytest.mark.nightly
def test_everything_comes_back_after_a_restart(stack: Deployment, first_rows: dict[str, int | None]) -> None:
    assert first_rows
    stack.compose("restart", "--timeout", "60")
    stack.wait_until_healthy()
    run, tasks = stack.run_dag("refresh_aggregations")
    assert run.state == "success", tasks
