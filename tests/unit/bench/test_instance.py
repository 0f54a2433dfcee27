"""The official deployment, as the bench runs it."""

import tomllib
from collections.abc import Sequence
from importlib import metadata, resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airfleet.config.paths import Paths
from bench import instance
from bench.instance import STOCK, OfficialStack

WORKERS = {"airflow-worker": 3, "airflow-scheduler": 1}


@pytest.fixture
def official(tmp_path: Path) -> OfficialStack:
    ports = list(range(20000, 20000 + len(instance._PORTS)))
    stack = instance._make(STOCK, Paths(), tmp_path / "bench", ports).stack
    assert isinstance(stack, OfficialStack)
    return stack


def test_its_settings_are_those_of_the_installed_airflow() -> None:
    found = tomllib.loads(resources.files("bench").joinpath("stock.toml").read_text())
    assert found["airflow_version"] == metadata.version("apache-airflow")


def test_one_worker_serves_logs_and_further_ones_do_not_take_its_port(official: OfficialStack) -> None:
    serving = {each.name: "--skip-serve-logs" not in each.command for each in official._instances(WORKERS)}
    workers = [serving[f"airflow-worker-{number}"] for number in (1, 2, 3)]
    assert (workers, serving["airflow-triggerer"]) == ([True, False, False], True)


def test_it_is_scaled_without_what_it_does_not_have(official: OfficialStack, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    waited: list[str] = []
    counts = {"airflow-worker": 1, "airflow-scheduler": 1}
    manager = SimpleNamespace(configure=lambda programs: None, apply=lambda: [], start=started.append)

    def waits(self: Any, wanted: Sequence[Any], say: Any) -> None:
        waited.extend(each.name for each in wanted)

    monkeypatch.setattr(official, "manager", manager)
    monkeypatch.setattr(official, "counts", lambda: counts)
    monkeypatch.setattr(official, "_programs", lambda counts: [])
    monkeypatch.setattr(official, "_start_up", official._start_up | {"asked_every_s": 0})
    monkeypatch.setattr(instance.Health, "is_healthy", lambda self, each: True)
    monkeypatch.setattr(instance.EmbeddedStack, "_wait_until_healthy", waits)
    official.scale(WORKERS, lambda _: None)
    assert {"airflow-worker-1", "airflow-worker-2", "airflow-worker-3", "airflow-webserver"} <= set(started)
    assert not {"flower", "mail"} & {*started, *waited}
    assert set(started) == set(waited)
