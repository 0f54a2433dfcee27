"""Samples come in turn, each while the other deployment is halted, and a part's figures are their medians."""

import contextlib
import math
import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from airfleet.config.paths import Paths
from bench import alternation, parts
from bench.instance import OURS, STOCK
from bench.part import Part, medians


class Recorded:
    """An instance that writes down when it is halted and goes on."""

    def __init__(self, profile: str, seen: list[str]) -> None:
        self.profile = profile
        self._seen = seen

    def freeze(self) -> None:
        self._seen.append(f"-{self.profile}")

    def thaw(self) -> None:
        self._seen.append(f"+{self.profile}")

    def up(self, say: Any) -> None:
        self._seen.append(f"^{self.profile}")


def _instances(profiles: Iterable[str], seen: list[str]) -> Any:
    return [Recorded(profile, seen) for profile in profiles]


def in_turn(profiles: str, pairs: int, until: float = math.inf) -> tuple[list[str], list[str]]:
    """Return what the instances saw, and the order of the samples."""
    seen: list[str] = []
    given = _instances(profiles, seen)
    order = []
    for number, one in alternation.in_turn(given, pairs, lambda _: None, until):
        order.append(f"{number}{one.profile}")
        seen.append(f"={one.profile}")
    return seen, order


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alternation, "_WOKEN_S", 0.0)


def test_each_sample_is_taken_while_the_other_is_halted_and_at_the_end_both_go_on() -> None:
    seen, _ = in_turn("ab", 1)
    assert seen == ["-a", "+b", "=b", "-b", "+a", "=a", "+a", "+b"]


def test_who_is_first_changes_with_each_pair() -> None:
    assert in_turn("ab", 3)[1] == ["0b", "0a", "1a", "1b", "2b", "2a"]


def test_the_official_deployment_may_have_fewer_turns() -> None:
    turn = list(alternation.in_turn(_instances((OURS, STOCK), []), 4, lambda _: None, official_every=3))
    assert [(number, one.profile) for number, one in turn] == [
        (0, STOCK), (0, OURS), (1, OURS), (2, OURS), (3, OURS), (3, STOCK)
    ]  # fmt: skip


def test_when_the_time_is_over_the_pair_is_finished_and_no_other_begun() -> None:
    assert in_turn("ab", 3, until=time.monotonic() - 1)[1] == ["0b", "0a"]


def test_a_median_is_taken_of_each_number_whatever_holds_it() -> None:
    samples = [
        {"steps": [{"workers": 1, "seconds": 9.0}, {"workers": 2, "seconds": 5.5}], "dags": ["a"], "cpu_s": 1},
        {"steps": [{"workers": 1, "seconds": 8.0}, {"workers": 2, "seconds": 4.5}], "dags": ["a"], "cpu_s": 5},
        {"steps": [{"workers": 1, "seconds": 7.0}, {"workers": 2, "seconds": 6.5}], "dags": ["a"], "cpu_s": 2},
    ]
    assert medians(samples) == {
        "steps": [{"workers": 1, "seconds": 8.0}, {"workers": 2, "seconds": 5.5}],
        "dags": ["a"],
        "cpu_s": 2,
    }


class Counting(Part):
    """A part whose samples are the number of the pair."""

    def sample(self, number: int) -> dict[str, Any]:
        return {"number": number, "of": self.of.profile}


def test_a_part_has_its_samples_and_their_medians_for_each_profile_that_was_up(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    @contextlib.contextmanager
    def instances(at: Paths, *profiles: str, **given: Any) -> Iterator[list[Any]]:
        yield _instances(profiles, seen)

    monkeypatch.setattr(parts, "instances", instances)
    monkeypatch.setattr(parts, "PARTS", {"counting": Counting})
    found = parts.measure("counting", Paths(), (), 60, lambda _: None)
    assert seen[:4] == ["^airfleet", "-airfleet", "^stock", "-stock"], "each starts while the other is halted"
    assert list(found) == ["airfleet", "stock"]
    for profile, measured in found.items():
        assert (measured["pairs"], measured["number"], measured["of"]) == (3, 1, profile)
        assert [sample["number"] for sample in measured["samples"]] == [0, 1, 2]
        assert measured["machine"]["airflow_import_cpu_s"] == 2.5
