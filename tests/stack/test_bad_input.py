"""What goes wrong at start says what was found, what is needed and the next step, and leaves nothing half-done."""

import os
import socket

import pytest
from support.checkout import Checkout


def test_a_port_in_use_is_named_with_its_owner_and_the_key_to_change(other: Checkout) -> None:
    env = other.env()
    with socket.socket() as taken, socket.socket() as also_taken:
        for listener, key in ((taken, "WEBSERVER_PORT"), (also_taken, "REDIS_PORT")):
            listener.bind(("127.0.0.1", int(env[key])))
            listener.listen()
        said = other.airfleet("up", check=False)
    assert said.returncode == 1
    for key in ("WEBSERVER_PORT", "REDIS_PORT"):
        assert f"Port {env[key]} is taken by pid {os.getpid()}" in said.stderr
        assert f"Set {key} in .env" in said.stderr
    assert not (other.root / ".airfleet" / "supervisord.conf").exists()


def test_every_bad_key_of_env_is_named_at_once_and_no_secret_is_printed(other: Checkout) -> None:
    before = (other.root / ".env").read_text()
    other.set_env(FERNET_KEY="not-a-key", JWT_SECRET="short-but-private")
    other.set_env(WORKERS="many", ADMIN_PASSWORD="change-me-please")
    said = other.airfleet("up", check=False)
    (other.root / ".env").write_text(before)
    assert said.returncode == 1
    for key in ("FERNET_KEY", "JWT_SECRET", "WORKERS", "ADMIN_PASSWORD"):
        assert key in said.stderr
    for value in ("not-a-key", "short-but-private", "change-me-please", "Traceback"):
        assert value not in said.stdout + said.stderr


def test_servers_outside_the_stack_are_refused_where_they_would_be_ignored(other: Checkout) -> None:
    other.set_env(BROKER_URL="redis://elsewhere:6379/0")
    said = other.airfleet("up", check=False)
    other.set_env(BROKER_URL="")
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
