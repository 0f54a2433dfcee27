"""What watches the stack comes after the first Dags, and its lack stops nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from airfleet.cli import app
from airfleet.config import env_file, settings
from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.operate import deployment, first_runs


class Stack:
    """Notes what it is asked for, in order."""

    publishes_warehouse = False

    def __init__(self, env: Path) -> None:
        self.settings = settings.load(env)
        self.asked: list[str] = []
        self.fault: str | None = None

    def up(self, counts: dict[str, int], say: object) -> None:
        self.asked.append("up")

    def watch(self, say: object, note: Callable[[str], None]) -> None:
        self.asked.append("watch")
        note("prometheus: [/usr/bin/prometheus] is used")
        if self.fault:
            raise AirfleetError(self.fault)

    def watched_by(self) -> set[str]:
        return {"prometheus", "alertmanager"} if "watch" in self.asked and not self.fault else set()


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    env_file.fill(tmp_path / ".env", Paths().env_example)
    made = Stack(tmp_path / ".env")
    monkeypatch.setattr(deployment, "stack", lambda **_: made)
    monkeypatch.setattr(first_runs, "run", lambda *_: (made.asked.append("first run"), ([], []))[1])
    return made


def test_up_runs_the_first_dags_before_it_builds_what_watches_and_shows_the_new_pages(stack: Stack) -> None:
    done = CliRunner().invoke(app.app, ["up"])
    assert done.exit_code == 0, done.output
    assert stack.asked == ["up", "first run", "watch"]
    assert "http://localhost:9090" in done.output
    assert "  prometheus: [/usr/bin/prometheus] is used\n" in done.output
    assert done.output.count(stack.settings.monitoring_password.get_secret_value()) == 2
    assert done.output.index("http://localhost:8080") < done.output.index("http://localhost:9090")
    assert done.output.count("http://localhost:8080") == 1


def test_up_succeeds_without_what_watches_and_says_what_is_missing(stack: Stack) -> None:
    stack.fault = "Found no `go` command. Install Go."
    done = CliRunner().invoke(app.app, ["up"])
    assert done.exit_code == 0, done.output
    assert "http://localhost:8080" in done.output
    assert "http://localhost:9090" not in done.output
    assert stack.fault in done.stderr
