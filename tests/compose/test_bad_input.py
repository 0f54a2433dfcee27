"""What is wrong is named, before anything runs on it."""

import os
import socket
from itertools import combinations
from pathlib import Path

import pytest
from support.deployment import Deployment

from airfleet.config.errors import AirfleetError
from airfleet.stack.docker import compose
from airfleet.stack.docker import stack as docker_stack

PROFILES = ("heavy", "join", "pgbouncer")
COMBINATIONS = [some for size in range(len(PROFILES) + 1) for some in combinations(PROFILES, size)]


@pytest.mark.parametrize("monitoring", [False, True], ids=["celery", "celery+monitoring"])
@pytest.mark.parametrize("profiles", COMBINATIONS, ids=lambda p: "+".join(p) or "none")
def test_the_files_are_valid_with_every_combination_of_profiles(
    files: Deployment, profiles: tuple[str, ...], monitoring: bool
) -> None:
    said = files.compose("config", "--quiet", profiles=profiles, monitoring=monitoring)
    # A warning would mean a variable that nobody set, or a key that Compose has dropped.
    assert said.stderr == ""


@pytest.mark.parametrize("key", ["FERNET_KEY", "JWT_SECRET", "REDIS_PASSWORD", "WORKERS", "MAIL_TO", "WEBSERVER_PORT"])
def test_a_missing_key_is_named_and_nothing_starts(files: Deployment, key: str) -> None:
    path = files.root / ".env"
    path.write_text("".join(f"{k}={v}\n" for k, v in files.env().items() if k != key))
    said = files.compose("up", "-d", check=False)
    path.write_text(path.read_text() + f"{key}=1\n")
    assert said.returncode != 0
    assert key in said.stderr
    assert "run ./airfleet init" in said.stderr
    assert files.compose("ps", "--all", "--quiet").stdout == ""


def test_a_placeholder_secret_stops_init_which_names_it(checkout: Deployment) -> None:
    checkout.set_env(JWT_SECRET="change-me-" * 8, API_SECRET_KEY="short")
    said = checkout.compose("up", "-d", check=False)
    assert said.returncode != 0
    log = checkout.compose("logs", "airflow-init").stdout
    assert "JWT_SECRET is a placeholder" in log
    assert "API_SECRET_KEY has 5 bytes" in log
    assert checkout.containers("airflow-webserver") == []


def test_a_wrong_database_or_redis_password_is_named_within_a_minute(checkout: Deployment) -> None:
    checkout.compose("up", "-d", "--wait", "postgres", "redis")
    right = checkout.env()["POSTGRES_PASSWORD"]
    checkout.set_env(POSTGRES_PASSWORD="0123456789abcdef")
    said = checkout.compose("run", "--rm", "-T", "--no-deps", "airflow-init", check=False, timeout_s=60)
    assert said.returncode != 0
    assert "Postgres refuses POSTGRES_PASSWORD" in said.stderr + said.stdout
    checkout.set_env(POSTGRES_PASSWORD=right, REDIS_PASSWORD="0123456789abcdef")
    said = checkout.compose("run", "--rm", "-T", "--no-deps", "airflow-init", check=False, timeout_s=60)
    assert said.returncode != 0
    assert "Redis refuses REDIS_PASSWORD" in said.stderr + said.stdout


def test_windows_line_ends_in_env_are_no_problem(files: Deployment) -> None:
    path = files.root / ".env"
    before = files.compose("config", "--environment").stdout
    config = files.compose("config", "--format", "json").stdout
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert "\r" not in files.compose("config", "--environment").stdout
    assert files.compose("config", "--environment").stdout == before
    assert files.compose("config", "--format", "json").stdout == config


def test_dags_that_the_roles_cannot_read_are_named(checkout: Deployment) -> None:
    dag = checkout.root / "airflow" / "dags" / "private.py"
    dag.write_text("")
    dag.chmod(0o600)
    os.chown(dag, 4711, 4711)
    said = checkout.compose("run", "--rm", "-T", "--no-deps", "airflow-init", check=False)
    assert said.returncode != 0
    assert "cannot read /opt/airflow/dags/private.py" in said.stderr + said.stdout
    assert "chmod" in said.stderr + said.stdout


def test_a_taken_port_is_named_with_its_key(files: Deployment) -> None:
    port = int(files.env()["WEBSERVER_PORT"])
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(AirfleetError, match=f"Port {port} is taken.*WEBSERVER_PORT"):
            files.docker().up({"airflow-worker": 1, "airflow-scheduler": 1}, lambda _: None)
    assert files.compose("ps", "--all", "--quiet").stdout == ""


def test_a_full_disk_is_named_before_anything_is_built(files: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    # No disk here can be filled without harm: the need is raised instead.
    monkeypatch.setattr(docker_stack, "_NEEDED_BYTES", 1 << 60)
    with pytest.raises(AirfleetError, match=r"The engine's disk has \d+ MiB free, and \d+ MiB are needed"):
        files.docker().up({"airflow-worker": 1, "airflow-scheduler": 1}, lambda _: None)
    assert files.compose("ps", "--all", "--quiet").stdout == ""


def _fake_docker(folder: Path, script: str) -> None:
    (folder / "docker").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "docker").chmod(0o755)


def test_a_machine_without_docker_is_told_both_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not compose.answers()
    with pytest.raises(AirfleetError, match=r"no `docker` on PATH.*--engine embedded"):
        compose.require()


def test_an_engine_that_does_not_answer_is_told_from_a_missing_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fake_docker(tmp_path, 'echo "Cannot connect to the Docker daemon" >&2; exit 1')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert not compose.answers()
    with pytest.raises(AirfleetError, match="No Docker engine answers: Cannot connect"):
        compose.require()


def test_a_compose_that_is_too_old_or_absent_is_named_with_what_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fake_docker(tmp_path, 'case "$1" in compose) echo 2.17.3 ;; *) echo 24.0 ;; esac')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(AirfleetError, match=r"Found Compose 2\.17, and airfleet needs 2\.20"):
        compose.require()
    _fake_docker(tmp_path, 'case "$1" in compose) exit 1 ;; *) echo 24.0 ;; esac')
    with pytest.raises(AirfleetError, match="Docker has no `compose` command"):
        compose.require()
