"""What goes wrong at start says what was found, what is needed and the next step, and leaves nothing half-done."""

import os
import signal
import socket
from collections.abc import Iterator

import pytest
from support.checkout import Checkout, make, wait_until

from airfleet.config.settings import Settings


@pytest.fixture(scope="module")
def down(tmp_path_factory: pytest.TempPathFactory, checkout: Checkout, first_up: str) -> Iterator[Checkout]:
    """Another checkout, not started, with a first run that is over at once."""
    made = make(tmp_path_factory.mktemp("bad input") / "air fleet")
    made.set_env(FIRST_RUN="", WORKERS=1)
    yield made
    made.airfleet("down", "--timeout", "5", "--volumes", "--yes", check=False)


def test_a_port_in_use_is_named_with_its_owner_and_the_key_to_change(down: Checkout) -> None:
    env = down.env()
    with socket.socket() as taken, socket.socket() as also_taken:
        for listener, key in ((taken, "WEBSERVER_PORT"), (also_taken, "REDIS_PORT")):
            listener.bind(("127.0.0.1", int(env[key])))
            listener.listen()
        said = down.airfleet("up", check=False)
    assert said.returncode == 1
    for key in ("WEBSERVER_PORT", "REDIS_PORT"):
        assert f"Port {env[key]} is taken by pid {os.getpid()}" in said.stderr
        assert f"Set {key} in .env" in said.stderr
    assert not (down.root / ".airfleet" / "supervisord.conf").exists()


def test_every_bad_key_of_env_is_named_at_once_and_no_secret_is_printed(down: Checkout) -> None:
    before = (down.root / ".env").read_text()
    down.set_env(FERNET_KEY="not-a-key", JWT_SECRET="short-but-private")
    down.set_env(WORKERS="many", ADMIN_PASSWORD="change-me-please")
    said = down.airfleet("up", check=False)
    (down.root / ".env").write_text(before)
    assert said.returncode == 1
    for key in ("FERNET_KEY", "JWT_SECRET", "WORKERS", "ADMIN_PASSWORD"):
        assert key in said.stderr
    for value in ("not-a-key", "short-but-private", "change-me-please", "Traceback"):
        assert value not in said.stdout + said.stderr


def test_servers_outside_the_stack_are_refused_where_they_would_be_ignored(down: Checkout) -> None:
    down.set_env(BROKER_URL="redis://elsewhere:6379/0")
    said = down.airfleet("up", check=False)
    down.set_env(BROKER_URL="")
    assert said.returncode == 1
    assert "BROKER_URL" in said.stderr
    assert "--engine docker" in said.stderr


@pytest.mark.parametrize(
    ("arguments", "needles"),
    [
        (("run", "no_such_dag"), ("no_such_dag", "daily_quality_check")),
        (("run", "daily_quality_check", "--conf", "{oops"), ("--conf is not JSON",)),
        (("run", "daily_quality_check", "--conf", "[1]"), ("needs to be an object",)),
        (("logs", "no-such-role"), ("no-such-role", "airflow-scheduler-1")),
        (("scale", "flower=2"), ("flower", "airflow-worker")),
        (("scale", "airflow-worker=none"), ("needs a number from 1",)),
        (("mail", "9999"), ("There is no mail 9999",)),
        (("down", "--volumes"), ("Add --yes",)),
    ],
)
def test_a_wrong_argument_is_answered_with_what_is_possible(
    checkout: Checkout, first_up: str, arguments: tuple[str, ...], needles: tuple[str, ...]
) -> None:
    said = checkout.airfleet(*arguments, check=False)
    assert said.returncode == 1
    for needle in needles:
        assert needle in said.stderr, said.stderr
    assert "Traceback" not in said.stderr


def test_up_that_is_interrupted_at_any_step_goes_on_when_run_again(down: Checkout) -> None:
    for step in ("Postgres and Redis", "databases, roles and secrets", "waiting for"):
        down.interrupt(step, "up", with_signal=signal.SIGINT, timeout_s=120)
    down.airfleet("up")
    down.wait_until_healthy()


def test_another_database_password_than_the_stored_one_is_refused_by_name(down: Checkout) -> None:
    down.airfleet("down")
    _refused(down, "POSTGRES_PASSWORD", "q7" * 12, "Postgres refuses POSTGRES_PASSWORD")


def test_a_fernet_key_that_does_not_open_stored_connections_is_refused(
    checkout: Checkout, settings: Settings, first_up: str, down: Checkout
) -> None:
    down.airfleet("up")
    down.wait_until_healthy()
    _store_connection(down)
    down.airfleet("down")
    other = checkout.env()["FERNET_KEY"]
    _refused(down, "FERNET_KEY", other, "FERNET_KEY does not open what is stored: connection kept")


def _refused(checkout: Checkout, key: str, value: str, said: str) -> None:
    right = checkout.env()[key]
    checkout.set_env(**{key: value})
    up = checkout.airfleet("up", check=False)
    checkout.set_env(**{key: right})
    assert up.returncode == 1
    assert said in up.stderr
    assert value not in up.stdout + up.stderr
    checkout.airfleet("down")


def _store_connection(checkout: Checkout) -> None:
    import httpx

    env = checkout.env()
    base = f"http://127.0.0.1:{env['WEBSERVER_PORT']}"
    login = {"username": env["ADMIN_USER"], "password": env["ADMIN_PASSWORD"]}
    token = wait_until("a login", lambda: httpx.post(f"{base}/auth/token", json=login).json().get("access_token"))
    connection = {"connection_id": "kept", "conn_type": "http", "host": "h", "password": "p"}
    added = httpx.post(f"{base}/api/v2/connections", json=connection, headers={"Authorization": f"Bearer {token}"})
    assert added.is_success, added.text
