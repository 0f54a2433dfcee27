"""Who has the machine, and when the others are halted for it."""

from typing import Any, cast

import pytest

from airfleet.bench import turns
from airfleet.bench.instance import OURS, STOCK


class Halted:
    """An instance that says what is done to it."""

    def __init__(self, profile: str, said: list[str]) -> None:
        self.profile, self._said = profile, said

    def freeze(self) -> None:
        self._said.append(f"{self.profile} halts")

    def thaw(self) -> None:
        self._said.append(f"{self.profile} goes on")


def test_each_has_the_machine_to_itself_and_is_not_woken_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_WOKEN_S", 0)
    said: list[str] = []
    both = [cast(Any, Halted(profile, said)) for profile in (OURS, STOCK)]
    for number, one in turns.in_turn(both, 2, lambda _: None):
        said.append(f"{number}: {one.profile}")
    assert said == [
        "airfleet halts",
        "stock goes on",
        "0: stock",
        "stock halts",
        "airfleet goes on",
        "0: airfleet",
        "1: airfleet",
        "airfleet halts",
        "stock goes on",
        "1: stock",
        "airfleet goes on",
        "stock goes on",
    ]
