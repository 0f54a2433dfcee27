"""AIRFLEET_PATCHES takes on, off, or names of changes."""

import pytest

from airfleet.runtime.patches import switch
from airfleet.runtime.patches.registry import NAMES, PATCHES


@pytest.mark.parametrize(
    ("said", "names"),
    [("on", NAMES), ("off", set()), ("tokens", {"tokens"}), ("tokens,polling", {"tokens", "polling"})],
)
def test_those_that_are_named_are_wanted(said: str, names: set[str]) -> None:
    assert {patch.name for patch in switch.wanted(said, PATCHES)} == names
    assert switch.problem(said, NAMES) is None


@pytest.mark.parametrize(("said", "nearest"), [("token", "tokens"), ("tokens,poling", "polling"), ("no", "on")])
def test_an_unknown_name_is_refused_with_the_nearest_known_one(said: str, nearest: str) -> None:
    assert f"(nearest: {nearest})" in (switch.problem(said, NAMES) or "")
