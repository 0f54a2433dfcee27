"""The parts of a bench beyond the comparison: each on a fresh instance, for both deployments."""

import time
from collections.abc import Callable
from importlib import resources
from typing import Any

from airfleet import first_run
from airfleet.api import AirflowApi
from airfleet.bench import account, growth, workloads
from airfleet.bench.instance import Instance
from airfleet.bench.statsd import StatsdServer
from airfleet.embedded.stack import Say
from airfleet.errors import AirfleetError
from airfleet.sizes import SIZES

_POLL_S = 0.2
_TIMEOUT_S = 600.0
_WORKERS = (1, 2, 4)
_WAITING, _WAIT_S = 64, 20
_DAGS, _TASKS = 1000, 10
_SOAK_TASKS = 10_000
_BURST = 200

Part = Callable[[Instance, Say, float], dict[str, Any]]


def scale_out(of: Instance, say: Say, seconds: float) -> dict[str, Any]:
    """Run tasks that wait with one worker, two and four."""
    return {"steps": growth.scale_out(of, _WORKERS, _WAITING, _WAIT_S, say)}


def parse(of: Instance, say: Say, seconds: float) -> dict[str, Any]:
    """Add a thousand Dags."""
    return growth.parse(of, _DAGS, _TASKS, say)


def soak(of: Instance, say: Say, seconds: float) -> dict[str, Any]:
    """Run ten thousand tasks, or as many as *seconds* allow."""
    workloads.run(of, "bench_wide", {}, growth.WIDE)
    waiting = {"redis_bytes_per_waiting_task": growth.redis_bytes_per_waiting_task(of)}
    with StatsdServer(of.stack.settings.statsd_port) as statsd:
        return waiting | growth.soak(of, statsd, _SOAK_TASKS, time.monotonic() + seconds, say)


def first_dags(of: Instance, say: Say, seconds: float) -> dict[str, Any]:
    """Run the Dags of FIRST_RUN one after the other, which prepares what they read, and then all at once."""
    names = of.stack.settings.first_run.partition(":")[2]
    dag_ids = [name for name in names.split(",") if name]
    if not dag_ids:
        raise AirfleetError("FIRST_RUN names no Dags to run together. See .env.example.")
    first = first_run.run(of.stack, say, lambda run, tasks: None)[0]
    if failed := [run.dag_id for run in first if run.state != "success"]:
        raise AirfleetError(f"{of.profile}: {', '.join(failed)} did not succeed, so nothing is measured.")
    say(f"{', '.join(dag_ids)} at once")
    query = resources.files("airfleet.bench").joinpath("runs.sql").read_text()
    with AirflowApi(of.stack.settings) as api, workloads.metadata(of) as cursor:
        meter = account.Meter(of)
        runs = [api.trigger(dag_id, {}) for dag_id in dag_ids]
        deadline = time.monotonic() + _TIMEOUT_S
        ids = tuple(run.run_id for run in runs)
        while True:
            cursor.execute(query, {"run_ids": ids, "dag_ids": tuple(dag_ids)})
            done, failed_runs, took = cursor.fetchone()
            if failed_runs or time.monotonic() > deadline:
                raise AirfleetError(f"{of.profile}: {failed_runs} runs failed, {done} of {len(runs)} succeeded.")
            if done == len(runs):
                break
            time.sleep(_POLL_S)
        use = meter.use()
    return {"dags": dag_ids, "seconds": round(float(took), 2), "cpu_s": round(use.total_cpu_s, 2)}


def sized(of: Instance, say: Say, seconds: float) -> dict[str, Any]:
    """Give a deployment of a size that sizes.py names a burst, and as many waiting tasks as it has slots."""
    settings = of.stack.settings
    slots = settings.workers * settings.worker_concurrency
    burst = workloads.run(of, "bench_burst", {"tasks": _BURST}, _BURST + 1)
    wait = workloads.run(of, "bench_wait", {"tasks": slots, "seconds": _WAIT_S}, slots + 1)
    memory = account.memory_bytes(of)
    return {
        "slots": slots,
        "tasks_per_s": round(burst.tasks / burst.seconds, 2),
        "cpu_s_per_task": round(burst.cpu_per_task_s, 3),
        "all_slots_busy_s": round(wait.seconds - _WAIT_S, 2),
        "memory_mib": round(sum(memory.values()) / (1 << 20)),
    }


# Of this deployment alone: the official one has no sizes.
SIZED = {f"size-{name}": size for name, size in SIZES.items()}
PARTS: dict[str, Part] = {
    "first-dags": first_dags,
    "scale-out": scale_out,
    "parse": parse,
    "soak": soak,
    **dict.fromkeys(SIZED, sized),
}
