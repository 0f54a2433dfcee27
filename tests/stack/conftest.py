"""A running stack, made from a fresh checkout in a path with spaces, for all tests of this folder."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg2
import pytest
from psycopg2.extensions import connection as Connection
from support.checkout import Checkout, make, wait_until
from support.held import Held, leaving
from support.rest import Rest
from support.trace_receiver import Receiver, receiving

from airfleet.config.paths import Paths
from airfleet.config.settings import Settings, load
from airfleet.operate.airflow_api import AirflowApi, TaskRun
from airfleet.stack.embedded.instances import instances
from airfleet.stack.embedded.stack import EmbeddedStack
from airfleet.stack.preflight import free_ports
from airfleet.stack.roles import WEBSERVER


@pytest.fixture(scope="session")
def traced() -> Iterator[Receiver]:
    """What the running stack sends its traces to."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory, traced: Receiver) -> Iterator[Checkout]:
    """A stack brought up with `./airfleet up`, whose output is kept in `up.txt` beside it; every run is traced.

    The tests' own Dags are there from the start: none waits until a new file is seen.
    """
    made = make(tmp_path_factory.mktemp("a stack") / "air fleet")
    made.set_env(OTEL_EXPORTER_OTLP_ENDPOINT=traced.address, OTEL_TRACES_SAMPLER_ARG="1")
    for path in Path(__file__).with_name("dags").glob("*.py"):
        made.add_dag(path.stem, path.read_text())
    up = made.airfleet("up", check=False)
    (made.root.parent / "up.txt").write_text(up.stdout + up.stderr)
    yield made
    made.destroy()


@pytest.fixture(scope="session")
def first_up(checkout: Checkout) -> str:
    """What the first `./airfleet up` printed."""
    return (checkout.root.parent / "up.txt").read_text()


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """Another checkout, not started, with four slots and a first run that is over at once."""
    made = make(tmp_path_factory.mktemp("another stack") / "air fleet")
    made.set_env(FIRST_RUN="", WORKERS=2, WORKER_CONCURRENCY=2, SMTP_PASSWORD="not-ours-to-change")
    yield made
    made.destroy()


@pytest.fixture(scope="session")
def settings(checkout: Checkout) -> Settings:
    """The running stack's settings."""
    return load(checkout.root / ".env")


@pytest.fixture(scope="session")
def stack(checkout: Checkout, settings: Settings) -> EmbeddedStack:
    """The running stack, looked at from inside the tool."""
    return EmbeddedStack(settings, Paths(checkout.root))


@pytest.fixture
def api(settings: Settings, first_up: str) -> Iterator[AirflowApi]:
    """A client of the webserver, logged in as administrator."""
    with AirflowApi(settings) as client:
        yield client


@pytest.fixture(scope="session")
def rest(settings: Settings, first_up: str) -> Iterator[Rest]:
    """The whole REST API, where a test needs more of it than the tool does."""
    opened = Rest(settings)
    yield opened
    opened.close()


Connect = Callable[..., Connection]


@pytest.fixture
def connect(settings: Settings, first_up: str) -> Iterator[Connect]:
    """Opens connections as any role to any database; closes them at the end."""
    opened: list[Connection] = []

    def open_as(role: str, database: str, password: str | None = None) -> Connection:
        secrets = {
            "airflow_metadata": settings.metadata_password,
            "airflow_results": settings.results_password,
            "warehouse_loader": settings.warehouse_loader_password,
            "warehouse_reader": settings.warehouse_reader_password,
            "monitoring_reader": settings.monitoring_reader_password,
            "postgres": settings.postgres_password,
        }
        made = psycopg2.connect(
            host="127.0.0.1",
            port=settings.postgres_port,
            user=role,
            password=secrets[role].get_secret_value() if password is None else password,
            dbname=database,
        )
        made.autocommit = True
        opened.append(made)
        return made

    yield open_as
    for each in opened:
        each.close()


@pytest.fixture(scope="session")
def restarted(
    checkout: Checkout,
    stack: EmbeddedStack,
    settings: Settings,
    first_up: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Held, list[TaskRun]]]:
    """The stack after a `down` while tasks were at work, and an `up` with a package of the team's: those tasks."""
    gate = tmp_path_factory.mktemp("held") / "gate"
    with AirflowApi(settings) as api:
        held = Held.start(api, gate, 24)
        at_work = held.at_work_on(2)
        down = checkout.start("down")
        try:
            wait_until("the workers are told to leave", lambda: len(leaving(stack)) == 2, timeout_s=60)
            assert down.poll() is None
        finally:
            gate.touch()
            said, _ = down.communicate(timeout=300)
            status = checkout.airfleet("status", check=False).returncode
            extra = checkout.root / "airflow" / "requirements-extra.txt"
            extra.write_text("# The team's packages\npyfiglet==1.0.4\n")
            # Also after a failure: the other tests need the stack.
            checkout.airfleet("up")
        assert down.returncode == 0, said
        assert status == 1
        yield held, at_work


@pytest.fixture
def start_webserver(stack: EmbeddedStack, settings: Settings, first_up: str) -> Iterator[Callable[..., Settings]]:
    """Starts one more webserver on a port of its own, with other variables; stops it at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start(**variables: str) -> Settings:
        (port,) = free_ports(1)
        instance = next(i for i in instances(settings, stack.paths, {}) if i.role is WEBSERVER)
        other = settings.model_copy(update={"webserver_port": port})
        environment = instance.environment | {"AIRFLOW__API__PORT": str(port)} | variables
        bin_folder = stack.paths.root / ".venv" / "bin"
        environment["PATH"] = f"{bin_folder}:{environment['PATH']}"
        log = (stack.paths.role_logs / "another-webserver.log").open("wb")
        started.append(
            subprocess.Popen([bin_folder / "airflow", "api-server"], env=environment, stdout=log, stderr=log)
        )

        def answers() -> bool:
            try:
                return httpx.get(f"http://127.0.0.1:{port}/api/v2/version", trust_env=False).is_success
            except httpx.HTTPError:
                return False

        wait_until("the other webserver answers", answers, timeout_s=90)
        return other

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=30)
