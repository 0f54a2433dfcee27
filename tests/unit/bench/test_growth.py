"""What growth costs is a straight line through what was measured."""

from typing import Any, cast

import pytest

from airfleet.config.errors import AirfleetError
from bench import workloads
from bench.account import Use
from bench.growth import Load, Waiting
from bench.soak import Soak, _counted, _growth
from bench.workloads import Ran


def _burst(tasks: int, cpu_s: float) -> dict[str, Any]:
    return {"tasks": tasks, "seconds": tasks / 10, "cpu_s": cpu_s}


def test_a_run_costs_what_a_burst_of_no_tasks_would_and_a_task_what_each_further_one_adds() -> None:
    samples = [{"steps": [_burst(tasks, 2 + tasks / 4 + more) for tasks in (25, 50, 100)]} for more in (-0.1, 0, 0.1)]
    found = Load(cast(Any, None), lambda _: None).summary(samples)
    assert (found["cpu_s_per_run"], found["cpu_s_per_task"]) == (2.0, 0.25)
    assert found["correlation"] > 0.999
    assert [step["cpu_s"] for step in found["steps"]] == [8.25, 14.5, 27.0]


def test_a_waiting_task_costs_what_neither_its_start_nor_an_active_run_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_: object, dag_id: str, conf: dict[str, int], expected: int) -> Ran:
        # A start, an active run, and 1 ms of the webserver for each second of each task.
        of_a_role = 0.1 * expected + 0.02 * conf["seconds"]
        cpu_s = dict.fromkeys(Waiting.roles, of_a_role)
        cpu_s["airflow-webserver"] += 0.001 * conf["tasks"] * conf["seconds"]
        return Ran(expected, conf["seconds"], Use(cpu_s, conf["seconds"]))

    monkeypatch.setattr(workloads, "run", run)
    found = Waiting(cast(Any, None), lambda _: None).sample(0)
    assert found == {"cpu_ms_per_task_second": {"airflow-webserver": 1.0, "airflow-worker": 0.0, "postgres": 0.0}}


def test_a_soaks_growth_is_that_of_its_second_half_for_each_1000_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    filling, flat = [10.0, 90.0, 100.0, 100.0], [100.0, 100.5, 101.0, 101.5]
    samples = [
        {
            "tasks": 200,
            "seconds": 20.0,
            "cpu_s": 50.0,
            "queued_s_median": 5.0,
            "queued_s_max": 9.0,
            "scheduler_loop_ms": 100.0,
            "memory_mib_by_role": {"postgres": memory, "airflow-worker": 400.0},
        }
        for memory in filling + flat
    ]
    soak = Soak(cast(Any, None), lambda _: None)
    monkeypatch.setattr("bench.workloads.database_bytes", lambda of: 3000 << 10)
    monkeypatch.setattr("bench.soak._finished", lambda statsd: 1600)
    soak._redis_bytes, soak._database, soak._statsd = 3000, 1400 << 10, cast(Any, object())
    found = soak.summary(samples)
    assert found["mib_per_1000_tasks"] == {"postgres": 2.5, "airflow-worker": 0.0}
    assert (found["tasks"], found["statsd_finished"], found["database_kib_per_task"]) == (1600, 1600, 1.0)
    assert (found["tasks_per_s"], found["cpu_s_per_task"]) == (10.0, 0.25)


def test_a_count_of_statsd_that_is_not_the_databases_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.soak._LAST_PACKETS_S", 0.0)
    monkeypatch.setattr("bench.soak._finished", lambda statsd: 199)
    with pytest.raises(AirfleetError, match="200 tasks succeeded by the database, and 199 by StatsD"):
        _counted(cast(Any, object()), 200)


def test_one_sample_of_memory_is_no_line() -> None:
    assert _growth([{"tasks": 200, "memory_mib_by_role": {"postgres": 100.0}}]) == {"postgres": 0.0}
