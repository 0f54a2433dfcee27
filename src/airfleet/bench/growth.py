"""What growth costs: more workers, more Dags, more runs."""

import math
import time
from dataclasses import dataclass
from importlib import resources
from statistics import mean, median
from typing import Any, cast

import redis

from airfleet.api import AirflowApi
from airfleet.bench import account, workloads
from airfleet.bench.account import Meter, memory_bytes
from airfleet.bench.instance import SLOTS, Instance
from airfleet.bench.statsd import StatsdServer
from airfleet.embedded.stack import Say
from airfleet.errors import AirfleetError
from airfleet.roles import DAG_PROCESSOR, SCHEDULER, WORKER, url
from airfleet.upstream import parsing_loop

_POLL_S = 0.5
_PARSE_TIMEOUT_S = 900.0
_BATCH = 200
_QUEUE_TIMEOUT_S = 120.0
# Tasks of the Dag bench_wide.
WIDE = 40
LOOP = "airflow.scheduler.scheduler_loop_duration"


@dataclass(frozen=True)
class Batch:
    """One run of a soak: tasks, seconds, CPU seconds, median and longest wait in the queue, memory after it by role."""

    tasks: int
    seconds: float
    cpu_s: float
    queued_s_median: float
    queued_s_max: float
    loop_ms_median: float
    memory_mib: dict[str, float]


def scale_out(of: Instance, counts: tuple[int, ...], tasks: int, seconds: int, say: Say) -> list[dict[str, float]]:
    """Run *tasks* that wait *seconds* each with each number of workers of equal slots.

    `efficiency` is the speed-up over the first count divided by the number of workers.
    """
    found: list[dict[str, float]] = []
    for workers in counts:
        say(f"scale-out: {workers} workers")
        of.stack.scale({WORKER.name: workers, SCHEDULER.name: 1}, lambda _: None)
        workloads.run(of, "bench_burst", {"tasks": SLOTS * workers}, SLOTS * workers + 1)
        ran = workloads.run(of, "bench_wait", {"tasks": tasks, "seconds": seconds}, tasks + 1)
        took = ran.seconds
        first = found[0] if found else {"workers": workers, "seconds": took}
        found.append(
            {
                "workers": workers,
                "seconds": round(took, 2),
                "ceiling_s": math.ceil(tasks / (SLOTS * workers)) * seconds,
                "efficiency": round(first["seconds"] * first["workers"] / (took * workers), 3),
                "cpu_s": round(ran.use.total_cpu_s, 1),
            }
        )
    return found


def parse(of: Instance, dags: int, tasks: int, say: Say) -> dict[str, float]:
    """Add *dags* files of *tasks* each; return what parsing and keeping them costs."""
    say(f"parse: {dags} Dags of {tasks} tasks")
    template = resources.files("airfleet.bench").joinpath("dags", "grown.txt").read_text()
    before = memory_bytes(of)
    with workloads.metadata(of) as cursor:
        bytes_before = _database_bytes(cursor)
        meter, began = Meter(of), time.monotonic()
        for number in range(dags):
            (of.dags / f"grown_{number:04}.py").write_text(template.format(number=number, tasks=tasks))
        while (known := _known(cursor)) < dags:
            if time.monotonic() - began > _PARSE_TIMEOUT_S:
                raise AirfleetError(f"{known} of {dags} Dags are parsed after {_PARSE_TIMEOUT_S:.0f} s.")
            time.sleep(_POLL_S)
        first = time.monotonic() - began
        use = meter.use()
        again = Meter(of)
        # By then each unchanged file has been due once, at the longest interval between two parses of it.
        time.sleep(parsing_loop.LONGEST_S + first)
        steady = again.use()
        bytes_after = _database_bytes(cursor)
    after = memory_bytes(of)
    return {
        "dags": dags,
        "tasks": dags * tasks,
        "first_parse_s": round(first, 1),
        "dag_processor_cpu_s_per_file": round(use.cpu_s[DAG_PROCESSOR.name] / dags, 4),
        "steady_s": round(steady.wall_s),
        "steady_dag_processor_cores": round(steady.cpu_s[DAG_PROCESSOR.name] / steady.wall_s, 3),
        "steady_scheduler_cores": round(steady.cpu_s[SCHEDULER.name] / steady.wall_s, 3),
        "steady_postgres_cores": round(steady.cpu_s["postgres"] / steady.wall_s, 3),
        "database_kib_per_dag": round((bytes_after - bytes_before) / dags / 1024, 1),
        "dag_processor_mib_more": _more(before, after, DAG_PROCESSOR.name),
        "scheduler_mib_more": _more(before, after, SCHEDULER.name),
    }


def redis_bytes_per_waiting_task(of: Instance) -> int:
    """Halt the worker, let tasks queue up, and return what each of them takes in Redis."""
    settings = of.stack.settings
    address = url("redis", "monitoring", settings.redis_monitoring_password, of.stack.addresses.redis, "0")
    # Typed for clients that answer later as well.
    client = cast(Any, redis.Redis.from_url(address))
    worker = account.trees(of)[WORKER.name]
    for process in worker:
        process.suspend()
    try:
        before = int(client.info("memory")["used_memory"])
        with AirflowApi(settings) as api:
            api.trigger("bench_wide", {})
        deadline = time.monotonic() + _QUEUE_TIMEOUT_S
        # Celery's worker may have taken one, as it was halted.
        while (waiting := client.llen("default")) < WIDE - 1:
            if time.monotonic() > deadline:
                raise AirfleetError(f"Only {waiting} of {WIDE} tasks are in the queue after {_QUEUE_TIMEOUT_S:.0f} s.")
            time.sleep(_POLL_S)
        return (int(client.info("memory")["used_memory"]) - before) // int(waiting)
    finally:
        for process in worker:
            process.resume()
        client.close()


def soak(of: Instance, statsd: StatsdServer, tasks: int, until: float, say: Say) -> dict[str, Any]:
    """Run *tasks* in batches until *until* (monotonic seconds) at most; none may be lost, and StatsD must agree."""
    with workloads.metadata(of) as cursor:
        bytes_before = _database_bytes(cursor)
        counted_before = _finished(statsd)
        batches: list[Batch] = []
        while sum(b.tasks for b in batches) < tasks and time.monotonic() < until:
            batches.append(_batch(of, cursor, statsd))
            say(f"soak: {sum(b.tasks for b in batches)} of {tasks} tasks")
        done = sum(b.tasks for b in batches)
        # The last packets are on their way when the last task has ended.
        deadline = time.monotonic() + 10
        while (counted := _finished(statsd) - counted_before) < done and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        grown = _database_bytes(cursor) - bytes_before
    part = max(1, len(batches) // 4)
    return {
        "tasks": done,
        "statsd_finished": counted,
        "seconds": round(sum(b.seconds for b in batches), 1),
        "tasks_per_s": round(done / sum(b.seconds for b in batches), 2),
        "database_kib_per_task": round(grown / done / 1024, 2),
        "first_quarter": _summary(batches[:part]),
        "last_quarter": _summary(batches[-part:]),
        # The second half alone: what is filled once, such as caches and Postgres' buffers, is by then.
        "mib_per_1000_tasks": _growth(batches[len(batches) // 2 :]),
        "cpu_s_per_task": round(sum(b.cpu_s for b in batches) / done, 4),
    }


def slope(values: list[float]) -> float:
    """Return the growth from one value to the next, by least squares."""
    if len(values) < 2:  # noqa: PLR2004 - two points make a line
        return 0.0
    middle_x, middle_y = (len(values) - 1) / 2, mean(values)
    above = sum((x - middle_x) * (y - middle_y) for x, y in enumerate(values))
    return above / sum((x - middle_x) ** 2 for x in range(len(values)))


def _batch(of: Instance, cursor: Any, statsd: StatsdServer) -> Batch:
    loops = len(statsd.timers_ms[LOOP])
    ran = workloads.run(of, "bench_burst", {"tasks": _BATCH}, _BATCH + 1)
    cursor.execute(resources.files("airfleet.bench").joinpath("queued.sql").read_text(), {"dag_id": "bench_burst"})
    middle, longest = cursor.fetchone()
    return Batch(
        tasks=ran.tasks,
        seconds=ran.seconds,
        cpu_s=ran.use.total_cpu_s,
        queued_s_median=float(middle),
        queued_s_max=float(longest),
        loop_ms_median=median(statsd.timers_ms[LOOP][loops:] or [0.0]),
        memory_mib={role: used / (1 << 20) for role, used in memory_bytes(of).items()},
    )


def _growth(batches: list[Batch]) -> dict[str, float]:
    """Return, by role, the MiB that its memory grows by for each 1000 tasks."""
    roles = batches[0].memory_mib
    return {r: round(slope([b.memory_mib[r] for b in batches]) / batches[0].tasks * 1000, 1) for r in roles}


def _summary(batches: list[Batch]) -> dict[str, Any]:
    return {
        "tasks_per_s": round(sum(b.tasks for b in batches) / sum(b.seconds for b in batches), 2),
        "queued_s_median": round(median(b.queued_s_median for b in batches), 2),
        "queued_s_max": round(max(b.queued_s_max for b in batches), 2),
        "scheduler_loop_ms": round(median(b.loop_ms_median for b in batches), 1),
        "memory_mib": round(median(sum(b.memory_mib.values()) for b in batches)),
        "memory_mib_by_role": {
            role: round(median(b.memory_mib[role] for b in batches)) for role in batches[0].memory_mib
        },
    }


def _finished(statsd: StatsdServer) -> int:
    return sum(
        count
        for name, count in statsd.counters.items()
        if name.startswith("airflow.ti.finish,") and "dag_id=bench_burst" in name and "state=success" in name
    )


def _known(cursor: Any) -> int:
    cursor.execute("SELECT count(*) FROM serialized_dag WHERE dag_id LIKE 'grown_%'")
    return int(cursor.fetchone()[0])


def _database_bytes(cursor: Any) -> int:
    cursor.execute("SELECT pg_database_size('airflow')")
    return int(cursor.fetchone()[0])


def _more(before: dict[str, int], after: dict[str, int], role: str) -> float:
    return round((after[role] - before[role]) / (1 << 20), 1)
