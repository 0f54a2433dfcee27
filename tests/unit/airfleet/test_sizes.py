"""The sizes that `./airfleet init --size` knows."""

from pathlib import Path

import pytest
from dotenv import dotenv_values
from typer.testing import CliRunner

from airfleet.cli import app
from airfleet.config import env_file, settings
from airfleet.config.paths import Paths
from airfleet.config.sizes import SIZES

EXAMPLE = Paths().env_example


def test_every_size_sets_the_same_keys_and_server_is_what_a_new_file_says() -> None:
    example = dotenv_values(EXAMPLE, interpolate=False)
    assert {frozenset(keys) for keys in SIZES.values()} == {frozenset(SIZES["server"])}
    assert {key: example[key] for key in SIZES["server"]} == SIZES["server"]


@pytest.mark.parametrize("name", SIZES)
def test_a_size_is_written_whole_and_leaves_secrets_and_ports_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / ".env.example").write_text(EXAMPLE.read_text())
    env_file.fill(tmp_path / ".env", EXAMPLE)
    before = dotenv_values(tmp_path / ".env", interpolate=False)
    monkeypatch.setattr(app, "Paths", lambda: Paths(tmp_path))
    done = CliRunner().invoke(app.app, ["init", "--size", name])
    assert done.exit_code == 0, done.output
    assert dotenv_values(tmp_path / ".env", interpolate=False) == before | SIZES[name]
    assert settings.load(tmp_path / ".env").workers == int(SIZES[name]["WORKERS"])


def test_an_unknown_size_is_refused_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env.example").write_text(EXAMPLE.read_text())
    monkeypatch.setattr(app, "Paths", lambda: Paths(tmp_path))
    done = CliRunner().invoke(app.app, ["init", "--size", "huge"])
    assert "laptop, server, large" in str(done.exception)
    assert not (tmp_path / ".env").exists()
