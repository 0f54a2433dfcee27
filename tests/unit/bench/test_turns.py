"""Who has the machine, and when the others are halted for it."""

from typing import Any, cast

import pytest

from bench import alternation
from bench.instance import OURS, STOCK


class Halted:
    """An instance that says what is done to it."""

    def __init__(self, profile: str, said: list[str]) -> None:
        self.profile, self._said = profile, said

    def freeze(self) -> None:
        self._said.append(f"{self.profile} halts")

    def thaw(self) -> None:
        self._said.append(f"{self.profile} goes on")


def test_each_has_the_machine_to_itself_and_is_not_woken_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alternation, "_wait_until_idle", lambda: None)
    said: list[str] = []
    both = [cast(Any, Halted(profile, said)) for profile in (OURS, STOCK)]
    for number, one in alternation.in_turn(both, 2, lambda _: None):
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


@pytest.mark.parametrize(("cores_used", "looks"), [([2.0, 1.8, 0.2], 3), ([0.3], 1)])
def test_one_that_was_woken_is_measured_when_it_has_caught_up(
    monkeypatch: pytest.MonkeyPatch, cores_used: list[float], looks: int
) -> None:
    seen: list[float] = []

    def cpu_percent(interval: float) -> float:
        seen.append(cores_used[len(seen)])
        return seen[-1] / 4 * 100

    monkeypatch.setattr(alternation.psutil, "cpu_percent", cpu_percent)
    monkeypatch.setattr(alternation.os, "cpu_count", lambda: 4)
    alternation.only(cast(Any, Halted(OURS, [])), [cast(Any, Halted(profile, [])) for profile in (OURS, STOCK)])
    assert len(seen) == looks


def test_one_that_does_not_catch_up_is_measured_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alternation, "_WOKEN_S", 0)
    monkeypatch.setattr(alternation.psutil, "cpu_percent", lambda interval: 100.0)
    alternation.only(cast(Any, Halted(OURS, [])), [cast(Any, Halted(profile, [])) for profile in (OURS, STOCK)])
