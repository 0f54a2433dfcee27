"""The page on scaling holds measured figures, and no section without them."""

from typing import Any

import pytest

from bench.instance import OURS
from bench.scaling import page

QUARTER = {
    "tasks_per_s": 9.5,
    "queued_s_median": 3.1,
    "queued_s_max": 20.0,
    "scheduler_loop_ms": 30.0,
    "memory_mib": 1200,
    "memory_mib_by_role": {"airflow-scheduler": 150, "postgres": 1050},
}
PARTS: dict[str, Any] = {
    "scale-out": {
        "steps": [
            {"workers": 1, "seconds": 166.5, "ceiling_s": 160, "efficiency": 1.0, "cpu_s": 12.0},
            {"workers": 4, "seconds": 44.1, "ceiling_s": 40, "efficiency": 0.944, "cpu_s": 12.0},
        ]
    },
    "load": {
        "steps": [{"tasks": 26, "seconds": 4.5, "cpu_s": 7.25}, {"tasks": 401, "seconds": 66.5, "cpu_s": 119.5}],
        "cpu_s_per_run": 0.5,
        "cpu_s_per_task": 0.25,
        "correlation": 0.9987,
        "samples": [{"steps": [{"tasks": 401, "cpu_s": cpu_s}]} for cpu_s in (110.0, 119.5, 123.4)],
    },
    "waiting": {"cpu_ms_per_task_second": {"airflow-webserver": 0.8, "airflow-worker": 0.3, "postgres": 0.4}},
    "parse": {
        "dags": 1000,
        "files_of_a_sample": 334,
        "tasks": 10000,
        "first_parse_s": 77.7,
        "dag_processor_cpu_s_per_file": 0.05,
        "steady_s": 660.0,
        "steady_dag_processor_cores": 0.9,
        "steady_scheduler_cores": 0.1,
        "steady_postgres_cores": 0.1,
        "database_kib_per_dag": 12.0,
        "dag_processor_mib_more": 10.0,
        "scheduler_mib_more": 5.0,
    },
    "soak": {
        "redis_bytes_per_waiting_task": 5000,
        "tasks": 2010,
        "statsd_finished": 2010,
        "database_kib_per_task": 3.0,
        "mib_per_1000_tasks": {"airflow-scheduler": 0.1, "postgres": 2.5},
        "first_quarter": QUARTER,
        "last_quarter": QUARTER,
    },
    **{
        f"size-{name}": {
            "slots": 4,
            "tasks_per_s": 8.7,
            "cpu_s_per_task": 0.12,
            "all_slots_busy_s": 1.5,
            "memory_mib": 1,
        }
        for name in ("laptop", "server", "large")
    },
}


def measured(*parts: str) -> dict[str, Any]:
    cpu_s = {"airflow-webserver": 0.04, "airflow-scheduler": 0.03, "airflow-worker": 0.1, "postgres": 0.02}
    return {
        "date": "2026-01-02",
        "slots": 8,
        "machine": {"cores": 2},
        "cpu_s_per_task_by_role": {OURS: cpu_s},
        "parts": {part: {OURS: PARTS[part]} for part in parts},
    }


def test_every_figure_is_filled_in() -> None:
    text = page(measured(*PARTS))
    assert "$" not in text
    for figure in (
        "166.5",
        "77.7",
        "2010",
        "10,000,000",
        "8.7",
        "2026-01-02",
        "1,200",
        "2.6",
        "0.9987",
        "100.8",
        "13.4",
    ):
        assert figure in text


@pytest.mark.parametrize(
    ("cpu_s", "all_s", "one_s", "limit"),
    [(0.1, "1.6", "0.4", "0.94"), (0.3, "4.8", "1.2", "0.85")],
)
def test_what_filling_all_slots_costs_is_calculated(cpu_s: float, all_s: str, one_s: str, limit: str) -> None:
    found = measured("scale-out")
    by_role = found["cpu_s_per_task_by_role"][OURS]
    by_role["airflow-worker"] += cpu_s - sum(by_role.values())
    text = " ".join(page(found).split())
    assert f"it takes {all_s} s to start" in text
    assert f"and {one_s} s in those of one worker" in text
    assert f"the efficiency to {limit}." in text


@pytest.mark.parametrize(
    ("missing", "heading"),
    [
        ("scale-out", "## More workers"),
        ("load", "## More tasks at once"),
        ("parse", "## More Dags"),
        ("soak", "## More runs"),
        ("soak", "## Sizes\n"),
        ("waiting", "## What a task costs while it runs"),
        ("waiting", "## Sizes\n"),
        ("waiting", "## Which limit comes first"),
    ],
)
def test_what_was_not_measured_has_no_section(missing: str, heading: str) -> None:
    assert heading in page(measured(*PARTS))
    assert heading not in page(measured(*(part for part in PARTS if part != missing)))


def test_a_cost_that_was_measured_below_zero_is_said_to_be_too_small_to_measure() -> None:
    found = measured(*PARTS)
    for part, figures in (
        ("load", {"cpu_s_per_run": -1.67}),
        ("parse", {"dag_processor_mib_more": -29.2}),
        ("waiting", {"cpu_ms_per_task_second": {"airflow-webserver": 0.8, "postgres": -0.048}}),
        ("soak", {"mib_per_1000_tasks": {"airflow-scheduler": -0.3, "postgres": 2.5}}),
    ):
        found["parts"][part] = {OURS: PARTS[part] | figures}
    text = page(found)
    assert "and nothing measurable\nfor the run itself" in text
    assert "the dag-processor did not grow, and that of the scheduler grew by 5.0 MiB" in text
    assert "| postgres | none | none |" in text
    assert [line for line in text.splitlines() if "| -" in line and "---" not in line] == []
