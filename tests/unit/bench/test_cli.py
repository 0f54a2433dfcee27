"""What `./airfleet bench` refuses before it measures anything."""

from pathlib import Path
from typing import Any

import pytest

from airfleet.cli import bench
from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.operate.alone import alone


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"parts": ["load"], "profiles": ["official"]}, "There is no profile 'official'"),
        ({"parts": ["load"], "profiles": ["../.."]}, "There is no profile '../..'"),
        ({"parts": ["speed"]}, "There is no part 'speed'"),
        ({"fast": True, "parts": ["soak"]}, "--fast is a short compare"),
        ({"fast": True, "profiles": ["stock"]}, "--fast is a short compare"),
    ],
)
def test_what_it_does_not_know_is_named(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(AirfleetError, match=said):
        bench.bench(**asked)


def test_a_second_one_leaves_the_first_ones_stacks_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = Paths(tmp_path)
    monkeypatch.setattr(bench, "Paths", lambda: at)
    with alone(at, "bench"), pytest.raises(AirfleetError, match=r"Another \./airfleet bench is running"):
        bench.bench(parts=["load"])
    assert [path.name for path in at.state.iterdir()] == ["bench.lock"]
