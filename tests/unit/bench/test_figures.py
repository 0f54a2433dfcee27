"""The bench keeps each part when it has ended, and measures only what is missing."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airfleet.cli import bench
from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from bench import parts
from bench.evidence import KEY, state
from bench.suites import BENCH

(GROWTH,) = (suite for suite in BENCH if suite.name == "growth")
WANTED = ["load", "waiting"]


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of one source, in which the bench measures."""
    (tmp_path / "src/airfleet").mkdir(parents=True)
    (tmp_path / "src/airfleet/role.py").write_text("as it was\n")
    (tmp_path / "docs").mkdir()
    for command in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    monkeypatch.setattr(bench, "Paths", lambda: Paths(tmp_path))
    return tmp_path


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The parts that were measured, each of which takes no time."""
    done: list[str] = []

    def measure(part: str, *_: object) -> dict[str, Any]:
        done.append(part)
        return {"airfleet": {"seconds": len(done)}}

    monkeypatch.setattr(parts, "measure", measure)
    return done


def run(at: Path, **options: Any) -> dict[str, Any]:
    """Run the bench into the file of its suites, and return what that holds."""
    file = at / GROWTH.file
    bench.bench(**{"parts": WANTED, "to": file} | options)
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def test_parts_of_the_present_sources_are_not_measured_again(at: Path, measured: list[str]) -> None:
    run(at)
    assert measured == WANTED
    found = run(at)
    assert measured == WANTED
    assert found["parts"]["load"] == {"airfleet": {"seconds": 1}}
    run(at, again=True)
    assert measured == WANTED * 2


def test_a_changed_source_makes_every_part_missing(at: Path, measured: list[str]) -> None:
    run(at)
    (at / "src/airfleet/role.py").write_text("faster\n")
    run(at)
    assert measured == WANTED * 2
    assert state(GROWTH, at).done == len(WANTED)


def test_after_its_minutes_no_further_part_is_begun(at: Path, measured: list[str]) -> None:
    file = at / GROWTH.file
    bench.bench(parts=WANTED, to=file, minutes=-1)
    assert measured == [] and not file.exists()


def failing(part: str) -> Callable[..., dict[str, Any]]:
    """Return a measurement of which *part* fails."""

    def measure(name: str, *_: object) -> dict[str, Any]:
        if name == part:
            raise AirfleetError("A task was lost.")
        return {"airfleet": {"seconds": 7}}

    return measure


def test_a_part_that_fails_loses_nothing_that_was_measured_before(at: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "measure", failing("waiting"))
    with pytest.raises(AirfleetError, match="A task was lost"):
        run(at)
    assert json.loads((at / GROWTH.file).read_text())["parts"] == {"load": {"airfleet": {"seconds": 7}}}
    found = state(GROWTH, at)
    assert (found.state, found.done, found.failed) == ("failed", 1, ["waiting"])


def test_one_profile_alone_is_no_evidence(at: Path, measured: list[str]) -> None:
    run(at, profiles=["airfleet"])
    assert state(GROWTH, at).state == "stale"
    run(at)
    assert measured == WANTED * 2


def test_a_source_that_changes_meanwhile_ends_the_bench(at: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(*_: object) -> dict[str, Any]:
        (at / "src/airfleet/role.py").write_text("edited meanwhile\n")
        return {"airfleet": {"seconds": 7}}

    monkeypatch.setattr(parts, "measure", measure)
    with pytest.raises(AirfleetError, match=r"While load was measured, sources changed: src/airfleet/role\.py"):
        run(at)
    found = json.loads((at / GROWTH.file).read_text())
    assert list(found["parts"]) == list(found[KEY]["parts"]) == ["load"]
    assert state(GROWTH, at).state == "stale"
