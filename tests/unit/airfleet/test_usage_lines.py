"""Usage lines begin with what a person types: ./airfleet."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
import typer

from airfleet.cli import app, team
from airfleet.operate import deployment
from retail import cli as shop


def printed(main: Callable[[], Any], arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    sys.argv[1:] = arguments
    with pytest.raises(SystemExit) as left:
        main()
    assert not left.value.code
    return " ".join(capsys.readouterr().out.split())


@pytest.fixture(autouse=True)
def arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["__main__.py"])


@pytest.mark.parametrize("command", ["check", "up", "backup-key"])
def test_a_command_of_the_tool_is_shown_as_it_is_typed(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"Usage: ./airfleet {command} " in printed(app.main, [command, "--help"], capsys)


def test_a_team_command_is_told_its_name_and_shows_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Running:
        def run_command(self, module: str, arguments: list[str], environment: dict[str, str]) -> int:
            assert module == "retail"
            for name, value in environment.items():
                monkeypatch.setenv(name, value)
            assert "Usage: ./airfleet quarantine export " in printed(shop.main, arguments, capsys)
            return 0

    monkeypatch.setattr(deployment, "running_stack", Running)
    monkeypatch.setattr(team, "command_environment", lambda _: {})
    commands = typer.Typer()
    team._add(commands, "quarantine", "retail")
    printed(commands, ["export", "--help"], capsys)
