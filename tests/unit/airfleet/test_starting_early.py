"""What needs no tables starts while init is at work, and is taken back when init fails."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from airfleet.config import env_file, settings
from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.stack.embedded.process_manager import ProcessState
from airfleet.stack.embedded.stack import EmbeddedStack

EARLY = {"log-server", "mail", "airflow-webserver", "airflow-worker-1", "flower"}


class Manager:
    """Notes what runs, as the process manager would."""

    def __init__(self) -> None:
        self.running: list[str] = []

    def is_running(self) -> bool:
        return True

    def states(self) -> list[ProcessState]:
        return [ProcessState(name, "RUNNING", 1, 0) for name in self.running]

    def start(self, name: str) -> None:
        if name not in self.running:
            self.running.append(name)

    def stop(self, name: str, *, wait: bool) -> None:
        if name in self.running:
            self.running.remove(name)


class Stack(EmbeddedStack):
    """A stack without processes, whose init migrates and then ends as *init_fails* says."""

    init_fails = False
    during_init: frozenset[str] = frozenset()

    def _start_servers(self, *_: object) -> list[str]:
        return []

    def _monitoring_servers(self) -> list[Any]:
        return []

    def _finish(self, init: object, say: object, migrating: Callable[[], None]) -> None:
        migrating()
        self.during_init = frozenset(cast(Any, self.manager).running)
        if self.init_fails:
            raise AirfleetError("init failed")

    def workers(self) -> Any:
        raise InterruptedError("up has started all that it starts")


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    env_file.fill(tmp_path / ".env", Paths().env_example)
    made = Stack(settings.load(tmp_path / ".env"), Paths(tmp_path))
    made.manager = cast(Any, Manager())
    return made


COUNTS = {"airflow-worker": 1, "airflow-scheduler": 1}


def test_what_asks_the_metadata_database_for_nothing_yet_starts_early(stack: Stack) -> None:
    with pytest.raises(InterruptedError):
        stack.up(COUNTS, lambda _: None)
    assert stack.during_init == EARLY
    after = {state.name for state in stack.manager.states()}
    assert after == EARLY | {"airflow-scheduler-1", "airflow-dag-processor", "airflow-triggerer"}


def test_nothing_is_left_to_fail_again_and_again_where_init_failed(stack: Stack) -> None:
    stack.init_fails = True
    with pytest.raises(AirfleetError, match="init failed"):
        stack.up(COUNTS, lambda _: None)
    assert stack.during_init == EARLY
    assert stack.manager.states() == []
