"""The page says which targets are met."""

from typing import Any

import pytest

from bench import summary
from bench.instance import OURS, STOCK
from bench.performance_page import page


@pytest.fixture
def measured() -> dict[str, Any]:
    figures = dict.fromkeys([*summary.RATIOS.values(), "idle_checks_cores", "chain_cpu_per_task_s"], 1.0)
    roles = {profile: {"airflow-worker": 0.1} for profile in (OURS, STOCK)}
    accounts = ("memory_mib_by_role", "idle_cores_by_role", "health_check_cpu_s", "startup_cpu_s")
    details = {name: {"airflow-worker": 1} for name in accounts}
    return summary.conditions() | {
        "slots": 8,
        "ratios": summary.TARGETS | {"memory": 0.9},
        "targets": summary.TARGETS,
        "medians": {OURS: figures, STOCK: figures},
        "samples": {profile: {figure: [1.0, 2.0] for figure in figures} for profile in (OURS, STOCK)},
        "cpu_s_per_task_by_role": roles,
        "details": {OURS: details, STOCK: details},
        "parts": {
            "scale-out": {
                OURS: {
                    "machine": {"airflow_import_cpu_s": 0.71},
                    "steps": [{"workers": 1, "seconds": 160.0}, {"workers": 2, "seconds": 81.5}],
                    "samples": [{"steps": [{"workers": 1, "seconds": 12345.0}]}],
                }
            }
        },
    }


def test_each_figure_has_its_ratio_its_target_and_whether_it_is_met(measured: dict[str, Any]) -> None:
    lines = page(measured).splitlines()
    assert [line for line in lines if line.endswith("| no |")] == [
        "| MiB of memory, the roles that both run | 1 | 1 | 0.90 | at most 0.7 | no |"
    ]
    assert len([line for line in lines if line.endswith("| yes |")]) == len(summary.RATIOS) - 1
    assert [line for line in lines if line.startswith("- MiB of memory")], "a missed target says what stands in its way"
    measured["ratios"] = summary.TARGETS
    assert "targets are missed" not in page(measured)


def test_a_part_has_a_line_for_each_of_its_figures(measured: dict[str, Any]) -> None:
    text = page(measured)
    assert "## Scale-out" in text
    assert "| 2 workers, seconds | 81.5 |" in text
    assert "| CPU seconds of an import of Airflow's command line | 0.71 |" in text
    assert "12345" not in text, "its samples are in the JSON"


def test_a_cost_that_was_measured_below_zero_is_none(measured: dict[str, Any]) -> None:
    measured["parts"]["load"] = {OURS: {"machine": {"airflow_import_cpu_s": 0.71}, "cpu_s_per_run": -1.67}}
    assert "| cpu s per run | none |" in page(measured)
