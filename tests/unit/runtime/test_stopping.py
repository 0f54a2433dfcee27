"""A role that is told to stop ends, also where Python ignores what its signal handler raises."""

import os
import signal
import sys
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from airfleet.runtime.patches.changes import stopping


class Runner:
    """Stands for Airflow's runner of a scheduler, as far as it is changed."""

    def __init__(self) -> None:
        self.rounds = 0
        self.is_parent = True

    def _exit_gracefully(self, signum: int, frame: Any) -> None:
        if self.is_parent:
            sys.exit(os.EX_OK)

    def begin(self, session: str) -> str:
        """Begin a round."""
        self.rounds += 1
        return session


@pytest.fixture
def runner() -> Iterator[Any]:
    changed = type("Changed", (Runner,), dict(Runner.__dict__))
    stopping.obey(changed, "begin")
    made = changed()
    before = signal.signal(signal.SIGTERM, made._exit_gracefully)
    yield made
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def ignored(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What Python says that it ignored."""
    said: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: said.append(what.exc_type))
    return said


def told_while_something_goes_away() -> None:
    """Have SIGTERM arrive in the callback of a weak reference."""
    something: set[int] = set()
    going = weakref.ref(something, lambda _: signal.raise_signal(signal.SIGTERM))
    del something
    assert going() is None


def test_it_ends_at_its_next_round_where_the_handlers_exception_was_ignored(runner: Any, ignored: list[Any]) -> None:
    told_while_something_goes_away()
    assert ignored == [SystemExit]
    with pytest.raises(SystemExit) as end:
        runner.begin(session="one")
    assert end.value.code == os.EX_OK
    assert runner.rounds == 0


def test_it_ends_at_once_everywhere_else(runner: Any) -> None:
    with pytest.raises(SystemExit) as end:
        signal.raise_signal(signal.SIGTERM)
    assert end.value.code == os.EX_OK


def test_one_that_nobody_told_goes_on(runner: Any) -> None:
    assert [runner.begin(session="one"), runner.begin(session="two")] == ["one", "two"]
    assert runner.rounds == 2


def test_a_handler_that_returns_ends_nothing(runner: Any, ignored: list[Any]) -> None:
    runner.is_parent = False
    told_while_something_goes_away()
    assert runner.begin(session="one") == "one"
    assert ignored == []
