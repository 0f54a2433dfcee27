"""Sizes follow from what one task costs."""

import math
from collections.abc import Callable

import pytest

from bench import sizing

CPU_S = {"airflow-webserver": 0.04, "airflow-scheduler": 0.03, "airflow-worker": 0.1, "postgres": 0.02}


def size(tasks_a_day: int) -> sizing.Size:
    return sizing.size(tasks_a_day, CPU_S, redis_bytes=4096, slots_per_worker=8)


def test_a_small_day_needs_one_of_each() -> None:
    found = size(1000)
    assert (found.webservers, found.schedulers, found.workers) == (1, 1, 1)
    assert (found.connections, found.connections_bounced) == (15 * 4 + 8, 40 + 8)


def test_the_busiest_hour_decides() -> None:
    # 864,000 a day are 10 a second on average, and four times that at the peak.
    found = size(864_000)
    assert found.tasks_per_s == 40
    assert found.slots == 40 * sizing.TASK_S
    assert found.webservers == 3
    assert found.schedulers == 2
    assert found.cores == pytest.approx(40 * 0.19 / 0.6, abs=0.1)
    assert (found.connections, found.connections_bounced) == (15 * (3 + 2 + 2) + 1200, 40 + 1200)
    assert found.redis_mib == pytest.approx(40 * 900 * 4096 / (1 << 20), abs=0.1)


def test_what_gives_out_comes_in_the_order_in_which_it_does_so() -> None:
    found = sizing.limits(CPU_S, slots_per_worker=8)
    assert [round(limit.tasks_a_day) for limit in found] == [5_760, 86_400, 100_800, 324_000, 432_000, 1_091_368]
    assert [limit.cure.split(",")[0] for limit in found] == [
        "more workers",
        "PgBouncer",
        "`RESULTS_URL`",
        "more webservers",
        "a second scheduler",
        "workers on others",
    ]


@pytest.mark.parametrize(
    ("cure", "enough"),
    [
        ("more workers", lambda size: size.workers == 1),
        ("PgBouncer", lambda size: size.connections <= 180),
        ("`RESULTS_URL`", lambda size: size.connections_bounced <= 180),
        ("more webservers", lambda size: size.webservers == 1),
        ("a second scheduler", lambda size: size.schedulers == 1),
        ("workers on others", lambda size: size.cores <= 16),
    ],
)
def test_a_size_has_enough_of_it_before_and_not_after(cure: str, enough: Callable[[sizing.Size], bool]) -> None:
    (at,) = (limit.tasks_a_day for limit in sizing.limits(CPU_S, 8) if limit.cure.startswith(cure))
    assert enough(size(math.floor(at * 0.98)))
    assert not enough(size(math.ceil(at * 1.02)))


def test_a_role_keeps_up_with_what_its_core_has_time_for() -> None:
    assert sizing.most_tasks_per_s("airflow-webserver", CPU_S) == pytest.approx(15)


def test_a_task_of_a_pipeline_costs_its_heartbeats_too() -> None:
    costs = sizing.of_a_pipeline(CPU_S, {"airflow-webserver": 1.0, "postgres": -0.1})
    assert costs == pytest.approx(CPU_S | {"airflow-webserver": 0.04 + 0.03})
