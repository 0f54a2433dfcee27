"""The bench's figures: what is divided by what, and when a run fails."""

import json

import pytest

from bench import summary
from bench.compare import Samples
from bench.instance import OURS, STOCK
from bench.summary import import_cpu_s

FIGURES = {
    OURS: {
        "burst_tasks_per_s": [9.0, 12.0, 10.0],
        "burst_cpu_per_task_s": [0.1, 0.3, 0.2],
        "chain_step_s": [0.2],
        "idle_cores": [0.1],
        "memory_mib": [700.0],
        "startup_s": [10.0],
    },
    STOCK: {
        "burst_tasks_per_s": [5.0, 4.0, 6.0],
        "burst_cpu_per_task_s": [0.4, 0.4, 0.5],
        "chain_step_s": [1.0],
        "idle_cores": [0.5],
        "memory_mib": [1000.0],
        "startup_s": [40.0],
    },
}


@pytest.fixture
def samples() -> Samples:
    made = Samples()
    for profile, figures in FIGURES.items():
        for name, values in figures.items():
            made.values[profile][name].extend(values)
        made.cpu_by_role[profile].append({"postgres": 0.01})
    return made


def test_a_ratio_is_our_median_over_that_of_stock(samples: Samples) -> None:
    assert summary.write_down(samples, "fast")["ratios"] == {
        "burst": 2.0,
        "chain": 0.2,
        "cpu_per_task": 0.5,
        "idle_cpu": 0.2,
        "memory": 0.7,
        "startup": 0.25,
    }


def test_the_json_holds_samples_machine_versions_and_date(samples: Samples) -> None:
    found = json.loads(json.dumps(summary.conditions() | summary.write_down(samples, "full")))
    assert found["samples"] == FIGURES
    assert found["machine"]["cores"] >= 1
    assert found["versions"]["apache-airflow"]
    assert len(found["date"]) == len("2026-01-01")


def test_a_machines_speed_is_what_an_import_of_airflow_costs_it() -> None:
    # A Python that imports nothing takes a tenth of this.
    assert import_cpu_s() > 0.2


def test_a_target_that_is_just_met_is_met() -> None:
    assert summary.misses(summary.TARGETS, summary.TARGETS) == []


@pytest.mark.parametrize("name", summary.TARGETS)
def test_each_figure_that_is_worse_than_its_limit_is_named(name: str) -> None:
    worse = summary.TARGETS[name] * (0.9 if name == "burst" else 1.1)
    (said,) = summary.misses({**summary.TARGETS, name: worse}, summary.TARGETS)
    assert said.startswith(f"{name} is {worse:g} of stock")


def test_the_fast_bench_fails_by_a_wide_margin_only() -> None:
    assert set(summary.FAST_LIMITS) == set(summary.TARGETS)
    assert summary.misses(summary.TARGETS, summary.FAST_LIMITS) == []
    no_gain_at_all = dict.fromkeys(summary.TARGETS, 1.0) | {"cpu_per_task": 1.4, "memory": 1.1, "startup": 1.6}
    assert len(summary.misses(no_gain_at_all, summary.FAST_LIMITS)) == len(summary.TARGETS)
