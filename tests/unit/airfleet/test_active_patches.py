"""What `./airfleet patches` and `status` make of the reports of roles that run, have ended or started again."""

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airfleet.cli import active_patches
from airfleet.config.paths import Paths
from airfleet.runtime.patches import reported
from airfleet.stack.docker.stack import ContainerState
from airfleet.stack.protocol import InstanceState


def state(name: str, uptime_s: int = 60, pid: int = 7, healthy: bool = True) -> InstanceState:
    return InstanceState(name, "running", healthy, pid, uptime_s, 0)


def report(paths: Paths, name: str, role: str, *, age_s: float = 50, switch: str = "on", **states: str) -> None:
    folder = reported.folder(paths.airflow_home)
    folder.mkdir(parents=True, exist_ok=True)
    said = {"role": role, "switch": switch, "written": time.time() - age_s, "states": states}
    (folder / f"{name}.json").write_text(json.dumps(said))


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path)


def missing(paths: Paths, *states: InstanceState, wanted: str = "polling,queueing") -> list[str]:
    stack: Any = SimpleNamespace(paths=paths, settings=SimpleNamespace(airfleet_patches=wanted))
    return active_patches.not_active(stack, states)


def test_a_scheduler_that_reports_all_that_is_wanted_is_not_named(paths: Paths) -> None:
    report(paths, "airflow-scheduler-1", "airflow-scheduler", polling="active", queueing="active")
    assert missing(paths, state("airflow-scheduler-1")) == []


def test_a_change_that_was_left_out_is_named(paths: Paths) -> None:
    report(paths, "airflow-scheduler-1", "airflow-scheduler", polling="x differs", queueing="active")
    (said,) = missing(paths, state("airflow-scheduler-1"))
    assert said.startswith("airflow-scheduler-1 works without changes that .env asks for: polling.")


@pytest.mark.parametrize("age_s", [None, 3600])
def test_a_role_without_a_report_since_its_start_is_named(paths: Paths, age_s: float | None) -> None:
    if age_s:
        report(paths, "airflow-scheduler-1", "airflow-scheduler", age_s=age_s, polling="active", queueing="active")
    (said,) = missing(paths, state("airflow-scheduler-1"))
    assert "polling, queueing" in said


def test_one_that_is_still_starting_or_dead_or_no_role_is_not(paths: Paths) -> None:
    states = [state("airflow-scheduler-1", healthy=False), state("airflow-scheduler-2", pid=0), state("postgres")]
    assert missing(paths, *states) == []


def test_a_role_that_was_started_with_another_value_says_so(paths: Paths) -> None:
    report(paths, "airflow-scheduler-1", "airflow-scheduler", switch="off")
    found = active_patches.places([state("airflow-scheduler-1")], paths)
    assert [place.state for place in found["polling"]] == ["started with AIRFLEET_PATCHES=off"]
    assert len(missing(paths, state("airflow-scheduler-1"))) == 1


def test_a_container_reports_under_its_host_name_and_one_that_is_gone_is_not_shown(paths: Paths) -> None:
    report(paths, "0123456789ab", "airflow-worker", task_exit="active")
    report(paths, "ba9876543210", "airflow-worker", task_exit="active")
    container = ContainerState("airflow-worker-1", "running", True, 7, 60, 0, hostname="0123456789ab")
    places = active_patches.places([container], paths)["task_exit"]
    assert places == [active_patches.Place("airflow-worker-1", "active")]
