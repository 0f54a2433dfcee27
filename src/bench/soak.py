"""Many runs, one after the other: no task may be lost, and no memory may grow."""

import contextlib
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from itertools import accumulate
from statistics import linear_regression, median
from typing import Any, cast

import psutil
import redis

from airfleet.config.errors import AirfleetError
from airfleet.stack.roles import WORKER, url
from bench import account, workloads
from bench.instance import Instance
from bench.part import Part
from bench.statsd_counts import StatsdServer

_POLL_S = 0.5
_BATCH = 200
_QUEUE_TIMEOUT_S = 120.0
_LAST_PACKETS_S = 10.0
# Tasks of the Dag bench_wide, and the number of waiting ones that is enough to measure: a halted worker may have taken
# a few.
_WIDE, _ENOUGH = 32, 24
_LOOP = "airflow.scheduler.scheduler_loop_duration"
_QUEUED = resources.files("bench").joinpath("queued.sql")


class Soak(Part):
    """Ten thousand tasks in bursts; a fifth of that for the stock profile, for comparison."""

    pairs = 50
    official_every = 5

    def __enter__(self) -> "Soak":
        """Count StatsD packets from now on, and measure waiting tasks."""
        workloads.run(self.of, "bench_wide", {}, _WIDE)
        self._redis_bytes = redis_bytes_per_waiting_task(self.of)
        self._open = contextlib.ExitStack()
        # The stock profile sends no StatsD.
        self._statsd: StatsdServer | None = None
        if self.of.stack.settings.monitoring:
            self._statsd = self._open.enter_context(StatsdServer(self.of.stack.settings.statsd_port))
        self._database = workloads.database_bytes(self.of)
        return self

    def __exit__(self, *_: object) -> None:
        """Take no more metrics."""
        self._open.close()

    def sample(self, number: int) -> dict[str, Any]:
        """Run a burst; raises AirfleetError when a task is lost."""
        loops = len(self._statsd.timers_ms[_LOOP]) if self._statsd else 0
        ran = workloads.burst(self.of, _BATCH)
        with workloads.metadata(self.of) as cursor:
            cursor.execute(_QUEUED.read_text(), {"dag_id": "bench_burst"})
            middle, longest = cursor.fetchone()
        memory = account.memory_bytes(self.of)
        found = {
            "tasks": ran.tasks,
            "seconds": round(ran.seconds, 2),
            "cpu_s": round(ran.use.total_cpu_s, 2),
            "queued_s_median": round(float(middle), 2),
            "queued_s_max": round(float(longest), 2),
            "memory_mib_by_role": {role: round(used / (1 << 20), 1) for role, used in memory.items()},
        }
        if self._statsd:
            found["scheduler_loop_ms"] = round(median(self._statsd.timers_ms[_LOOP][loops:]), 1)
        return found

    def summary(self, samples: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Compare the first quarter with the last; raises AirfleetError if StatsD counted other than the database."""
        done = sum(sample["tasks"] for sample in samples)
        counted = {"statsd_finished": _counted(self._statsd, done)} if self._statsd else {}
        seconds = sum(sample["seconds"] for sample in samples)
        grown = workloads.database_bytes(self.of) - self._database
        quarter = max(1, len(samples) // 4)
        return {
            "tasks": done,
            **counted,
            "seconds": round(seconds, 1),
            "tasks_per_s": round(done / seconds, 2),
            "cpu_s_per_task": round(sum(sample["cpu_s"] for sample in samples) / done, 4),
            "database_kib_per_task": round(grown / done / 1024, 2),
            "redis_bytes_per_waiting_task": self._redis_bytes,
            "first_quarter": _quarter(samples[:quarter]),
            "last_quarter": _quarter(samples[-quarter:]),
            # The second half only: by then caches and Postgres' buffers are full.
            "mib_per_1000_tasks": _growth(samples[len(samples) // 2 :]),
        }


def redis_bytes_per_waiting_task(of: Instance) -> int:
    """Halt the worker, let tasks queue up, and return the bytes of Redis for each."""
    settings = of.stack.settings
    address = url("redis", "monitoring", settings.redis_monitoring_password, of.stack.addresses.redis, "0")
    # Typed for clients that answer later as well.
    client = cast(Any, redis.Redis.from_url(address))
    worker = account.trees(of)[WORKER.name]
    for process in worker:
        # A task's process may end at any time.
        with contextlib.suppress(psutil.NoSuchProcess):
            process.suspend()
    with ThreadPoolExecutor(1) as threads:
        try:
            before = int(client.info("memory")["used_memory"])
            running = threads.submit(workloads.run, of, "bench_wide", {}, _WIDE)
            waiting = _waiting(client)
            each = (int(client.info("memory")["used_memory"]) - before) // waiting
        finally:
            for process in worker:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()
            client.close()
        # Its tasks would run beside the first burst otherwise.
        running.result()
    return each


def _waiting(client: Any) -> int:
    """Wait until enough tasks are in the queue and no more come, and return how many."""
    deadline = time.monotonic() + _QUEUE_TIMEOUT_S
    seen = 0
    while (waiting := int(client.llen("default"))) < _ENOUGH or waiting != seen:
        if time.monotonic() > deadline:
            raise AirfleetError(f"Only {waiting} of {_WIDE} tasks are in the queue after {_QUEUE_TIMEOUT_S:.0f} s.")
        seen = waiting
        time.sleep(_POLL_S)
    return waiting


def _growth(samples: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return, by role, the MiB that its memory grows by for each 1000 tasks."""
    by_role = [sample["memory_mib_by_role"] for sample in samples]
    if len(samples) == 1:
        # Too few for a line.
        return dict.fromkeys(by_role[0], 0.0)
    done = list(accumulate(sample["tasks"] for sample in samples))
    return {role: round(linear_regression(done, [e[role] for e in by_role]).slope * 1000, 1) for role in by_role[0]}


def _quarter(samples: Sequence[dict[str, Any]]) -> dict[str, Any]:
    by_role = [sample["memory_mib_by_role"] for sample in samples]
    found = {
        "tasks_per_s": round(sum(s["tasks"] for s in samples) / sum(s["seconds"] for s in samples), 2),
        "queued_s_median": round(median(s["queued_s_median"] for s in samples), 2),
        "queued_s_max": round(max(s["queued_s_max"] for s in samples), 2),
        "memory_mib": round(median(sum(each.values()) for each in by_role)),
        "memory_mib_by_role": {role: round(median(each[role] for each in by_role)) for role in by_role[0]},
    }
    if "scheduler_loop_ms" in samples[0]:
        found["scheduler_loop_ms"] = round(median(s["scheduler_loop_ms"] for s in samples), 1)
    return found


def _counted(statsd: StatsdServer, done: int) -> int:
    # When the last task has ended, the last packets are still on their way.
    deadline = time.monotonic() + _LAST_PACKETS_S
    while (counted := _finished(statsd)) != done:
        if time.monotonic() > deadline:
            raise AirfleetError(f"{done} tasks succeeded by the database, and {counted} by StatsD.")
        time.sleep(_POLL_S)
    return counted


def _finished(statsd: StatsdServer) -> int:
    return sum(
        count
        for name, count in statsd.counters.items()
        if name.startswith("airflow.ti.finish,") and "dag_id=bench_burst" in name and "state=success" in name
    )
