"""Sizes follow from what one task costs."""

import pytest

from airfleet.bench import sizing

CPU_S = {"airflow-webserver": 0.04, "airflow-scheduler": 0.03, "airflow-worker": 0.1, "postgres": 0.02}


def size(tasks_a_day: int) -> sizing.Size:
    return sizing.size(tasks_a_day, CPU_S, redis_bytes=4096, slots_per_worker=8)


def test_a_small_day_needs_one_of_each() -> None:
    found = size(1000)
    assert (found.webservers, found.schedulers, found.workers) == (1, 1, 1)
    assert found.bottleneck == "nothing: one of each"


def test_the_busiest_hour_decides() -> None:
    # 864,000 a day are 10 a second on average, and four times that at the peak.
    found = size(864_000)
    assert found.tasks_per_s == 40
    assert found.slots == 40 * sizing.TASK_S
    assert found.webservers == 3
    assert found.schedulers == 2
    assert found.cores == pytest.approx(40 * 0.19 / 0.6, abs=0.1)
    assert found.connections == 15 * (3 + 2 + 2) + 1200
    assert found.redis_mib == pytest.approx(40 * 900 * 4096 / (1 << 20), abs=0.1)


def test_each_step_up_has_a_bottleneck_of_its_own() -> None:
    found = [size(tasks).bottleneck for tasks in (1_000, 10_000, 400_000, 500_000, 10_000_000)]
    assert [sentence.split(":")[0] for sentence in found] == [
        "nothing",
        "slots",
        "Postgres' connections",
        "the scheduler's core",
        "one machine",
    ]


def test_a_role_keeps_up_with_what_its_core_has_time_for() -> None:
    assert sizing.most_tasks_per_s("airflow-webserver", CPU_S) == pytest.approx(15)
