"""What a group gains is the median of its pairs, which are kept one by one and measured once."""

import json
import subprocess
from pathlib import Path

import pytest

from airfleet.config.paths import Paths
from airfleet.runtime.patches import switch
from airfleet.runtime.patches.registry import NAMES, PATCHES
from bench import ablation, evidence
from bench.suites import ABLATION, ABLATION_GROUPS

GROUP, OTHER = ABLATION_GROUPS[:2]
BASE = dict.fromkeys(ablation.FIGURES, 10.0)


def made(**with_the_group: float) -> tuple[ablation.Figures, ablation.Figures]:
    return BASE | with_the_group, BASE


@pytest.fixture
def at(tmp_path: Path) -> Paths:
    """A checkout of one source."""
    (tmp_path / "src/airfleet").mkdir(parents=True)
    (tmp_path / "src/airfleet/role.py").write_text("as it was\n")
    (tmp_path / "docs").mkdir()
    for command in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return Paths(tmp_path)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was measured, each of which takes no time."""
    done: list[str] = []

    def measure(_: Paths, name: str, __: object) -> ablation.Figures:
        done.append(name)
        return BASE | {"memory_mib": 9.0 if name == ablation.ALL else 10.0}

    monkeypatch.setattr(ablation, "measure", measure)
    return done


def run(at: Paths, blocks: int = 2, minutes: float = 60) -> bool:
    return ablation.run(at, [GROUP, OTHER], blocks, minutes, lambda _: None)


def test_a_gain_is_positive_where_the_group_makes_it_faster_or_smaller() -> None:
    found = ablation.gains([made(burst_tasks_per_s=12.0, memory_mib=9.0, idle_cores=10.5)])
    assert found["burst_tasks_per_s"]["percent"] == 20
    assert found["memory_mib"]["percent"] == 10
    assert found["idle_cores"]["percent"] == -5


def test_the_interval_of_eight_pairs_leaves_out_the_outermost_on_each_side() -> None:
    pairs = [made(memory_mib=10 - value) for value in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 2.0)]
    assert ablation.gains(pairs)["memory_mib"] == {"percent": 4.5, "interval": [2.0, 7.0], "coverage": 0.93}


def test_four_pairs_are_too_few_for_an_interval() -> None:
    assert ablation.gains([made()] * 4)["memory_mib"] == {"percent": 0.0}
    assert "interval" in ablation.gains([made()] * 5)["memory_mib"]


def test_what_is_left_out_is_the_group_and_nothing_else() -> None:
    said = ablation.without(GROUP)
    assert switch.problem(said, NAMES) is None
    assert {patch.group for patch in PATCHES} - {patch.group for patch in switch.wanted(said, PATCHES)} == {GROUP}


def test_each_measurement_stands_elsewhere_in_each_block() -> None:
    orders = [ablation.order([GROUP, OTHER], number) for number in range(6)]
    assert {tuple(sorted(each)) for each in orders} == {tuple(sorted([ablation.ALL, GROUP, OTHER]))}
    assert sorted(each.index(ablation.ALL) for each in orders) == [0, 0, 1, 1, 2, 2]


def test_a_later_run_measures_only_what_is_missing(at: Paths, measured: list[str]) -> None:
    assert run(at, blocks=1)
    assert measured == [ablation.ALL, GROUP, OTHER]
    assert run(at)
    assert measured == [ablation.ALL, GROUP, OTHER, OTHER, GROUP, ablation.ALL]
    kept = json.loads((at.root / ABLATION.file).read_text())
    assert [kept["groups"][group]["pairs"] for group in (GROUP, OTHER)] == [2, 2]
    assert kept["groups"][GROUP]["gains"]["memory_mib"]["percent"] == 10
    assert evidence.state(ABLATION, at.root).done == 2


def test_blocks_about_other_sources_are_measured_again(at: Paths, measured: list[str]) -> None:
    run(at)
    (at.root / "src/airfleet/role.py").write_text("changed\n")
    measured.clear()
    run(at)
    assert len(measured) == 6


def test_nothing_is_begun_that_would_not_end_in_time(at: Paths, measured: list[str]) -> None:
    assert not run(at, minutes=-1)
    assert measured == []
