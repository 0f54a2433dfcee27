"""What the Docker engine is told, seen by a `docker` that writes down its arguments and environment."""

import io
import os
from pathlib import Path

import pytest
from dotenv import dotenv_values
from support.checkout import ROOT

from airfleet.config import env_file, settings
from airfleet.config.paths import Paths
from airfleet.operate import first_runs, join
from airfleet.stack.docker.stack import DockerStack


@pytest.fixture
def docker_was_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which `arguments` and `environment` of the last call to `docker` stand."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = f'#!/bin/sh\nprintf "%s\\n" "$@" > "{tmp_path}/arguments"\nenv > "{tmp_path}/environment"\n'
    (folder / "docker").write_text(script)
    (folder / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return tmp_path


@pytest.fixture
def stack(tmp_path: Path, docker_was_told: Path) -> DockerStack:
    assert docker_was_told.is_dir()
    env_file.fill(tmp_path / ".env", ROOT / ".env.example")
    return DockerStack(settings.load(tmp_path / ".env"), Paths(tmp_path))


def test_no_password_stands_on_a_command_line(stack: DockerStack, docker_was_told: Path) -> None:
    environment = first_runs.preparation_environment(stack)
    assert stack.settings.postgres_password.get_secret_value() in environment["WAREHOUSE_ADMIN_URL"]
    for call in (
        lambda: stack.run_module("retail.first_run", environment),
        lambda: stack.run_command("retail", ["audit"], environment),
    ):
        call()
        arguments = (docker_was_told / "arguments").read_text()
        assert "--env\nWAREHOUSE_ADMIN_URL\n" in arguments
        assert not [secret for secret in stack.settings.secrets() if secret in arguments]
        given = (docker_was_told / "environment").read_text().splitlines()
        assert {f"{key}={value}" for key, value in environment.items()} <= set(given)


def test_a_warehouse_outside_the_stack_is_the_one_that_commands_open(stack: DockerStack, tmp_path: Path) -> None:
    outside = "postgresql://owner:long-password@db.example:5432/shop?sslmode=verify-full"
    path = tmp_path / ".env"
    path.write_text(path.read_text().replace("WAREHOUSE_URL=\n", f"WAREHOUSE_URL={outside}\n"))
    elsewhere = DockerStack(settings.load(path), Paths(tmp_path))
    assert first_runs.command_environment(elsewhere)["WAREHOUSE_URL"] == outside
    assert first_runs.preparation_environment(elsewhere)["WAREHOUSE_ADMIN_URL"] == outside
    assert "db.example" not in str(first_runs.preparation_environment(stack))


def test_workers_elsewhere_get_the_addresses_and_the_secrets_of_a_worker_alone(
    stack: DockerStack, tmp_path: Path
) -> None:
    text = join.worker_env(stack.settings, Paths(tmp_path), "10.0.0.1")
    found = dotenv_values(stream=io.StringIO(text), interpolate=False)
    s = stack.settings
    assert found["EXECUTION_API_URL"] == "http://10.0.0.1:8081/execution/"
    assert found["BROKER_URL"] == f"redis://airflow:{s.redis_password.get_secret_value()}@10.0.0.1:6379/0"
    assert found["RESULTS_URL"].endswith("@10.0.0.1:5434/airflow_results")
    assert found["WAREHOUSE_URL"].endswith("@10.0.0.1:5434/warehouse")
    theirs = (s.fernet_key, s.api_secret_key, s.redis_password, s.results_password, s.warehouse_loader_password)
    assert {secret for secret in s.secrets() if secret in text} == {secret.get_secret_value() for secret in theirs}
    # Compose refuses a file in which such a key has no value.
    assert all(found[key] for key, value in dotenv_values(tmp_path / ".env", interpolate=False).items() if value)


def test_logs_of_monitoring_can_be_printed_too(stack: DockerStack, docker_was_told: Path) -> None:
    stack.logs("prometheus", follow=False, tail=5)
    arguments = (docker_was_told / "arguments").read_text().splitlines()
    assert str(stack.paths.root / "docker-compose.monitoring.yml") in arguments
    assert arguments[-3:] == ["logs", "--tail=5", "prometheus"]


def test_monitoring_is_laid_over_unless_env_says_off(stack: DockerStack, docker_was_told: Path) -> None:
    stack.watch(lambda _: None, lambda _: None)
    arguments = (docker_was_told / "arguments").read_text().splitlines()
    files = [Path(arguments[i + 1]).name for i, word in enumerate(arguments) if word == "--file"]
    assert files == ["docker-compose.celery.yml", "docker-compose.monitoring.yml"]
    # A later `up` must not take back workers that were scaled out.
    assert arguments[arguments.index("up") :] == [
        *("up", "--detach", "--scale", "airflow-worker=2", "--scale", "airflow-scheduler=1"),
    ]
    (docker_was_told / "arguments").unlink()
    off = DockerStack(stack.settings.model_copy(update={"monitoring": False}), stack.paths)
    off.watch(lambda _: None, lambda _: None)
    assert not (docker_was_told / "arguments").exists()
