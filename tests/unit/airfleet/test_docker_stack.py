"""What the Docker engine is told, seen by a `docker` that writes down its arguments and environment."""

import os
from pathlib import Path

import pytest
from support.checkout import ROOT

from airfleet import env_file, first_run, settings
from airfleet.docker.stack import DockerStack
from airfleet.paths import Paths


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
    environment = first_run.preparation_environment(stack)
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
    assert first_run.command_environment(elsewhere)["WAREHOUSE_URL"] == outside
    assert first_run.preparation_environment(elsewhere)["WAREHOUSE_ADMIN_URL"] == outside
    assert "db.example" not in str(first_run.preparation_environment(stack))
