"""How large a deployment has to be for a number of tasks a day, from what one task was measured to cost."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

# The busiest hour of a day has this many times the average hour's tasks: nightly pipelines come at once.
PEAK = 4
# A core that is busier than this makes what waits for it wait longer than it works.
BUSY = 0.6
# Seconds that a task holds a slot, on average: what pipelines of queries and copies take.
TASK_S = 30
DAY_S = 86_400
# [database] sql_alchemy_pool_size of airflow.cfg, for each process that has the metadata.
POOL = 15
# Postgres' max_connections, of which this many are kept for init, exporters and people.
CONNECTIONS, KEPT = 200, 20
# PgBouncer's default_pool_size, for the metadata of all roles.
BOUNCED = 40
LARGEST_MACHINE_CORES = 16
WEBSERVER, SCHEDULER = "airflow-webserver", "airflow-scheduler"


@dataclass(frozen=True)
class Size:
    """What a day of *tasks* needs, in its busiest hour."""

    tasks_a_day: int
    tasks_per_s: float
    webservers: int
    schedulers: int
    workers: int
    slots: int
    cores: float
    connections: int
    connections_bounced: int
    redis_mib: float


@dataclass(frozen=True)
class Limit:
    """*What* gives out at *tasks_a_day*, when nothing but what gave out before was enlarged, and its cure."""

    tasks_a_day: float
    what: str
    cure: str


def of_a_pipeline(cpu_s: Mapping[str, float], cpu_ms_per_s: Mapping[str, float]) -> dict[str, float]:
    """Return the CPU seconds by role of a task that runs for TASK_S.

    *cpu_s* is what one that does nothing takes, *cpu_ms_per_s* the milliseconds for every second that one runs; where
    it is so little that noise made it negative, it counts as nothing.
    """
    return {role: used + TASK_S * max(0.0, cpu_ms_per_s.get(role, 0)) / 1000 for role, used in cpu_s.items()}


def size(tasks_a_day: int, cpu_s: Mapping[str, float], redis_bytes: float, slots_per_worker: int) -> Size:
    """Return the size for *tasks_a_day*, with *cpu_s* a task by role and *redis_bytes* for each that waits.

    A webserver and a scheduler use one core each at most: both are single Python processes.
    """
    peak = tasks_a_day / DAY_S * PEAK
    slots = max(slots_per_worker, math.ceil(peak * TASK_S))
    webservers = max(1, math.ceil(peak * cpu_s[WEBSERVER] / BUSY))
    schedulers = max(1, math.ceil(peak * cpu_s[SCHEDULER] / BUSY))
    cores = peak * sum(cpu_s.values()) / BUSY
    # The dag-processor and the triggerer have a pool each; a slot keeps a connection to Celery's results.
    metadata = POOL * (webservers + schedulers + 2)
    return Size(
        tasks_a_day=tasks_a_day,
        tasks_per_s=round(peak, 2),
        webservers=webservers,
        schedulers=schedulers,
        workers=math.ceil(slots / slots_per_worker),
        slots=slots,
        cores=round(cores, 1),
        connections=metadata + slots,
        connections_bounced=min(metadata, BOUNCED) + slots,
        # A backlog of a quarter of an hour's tasks.
        redis_mib=round(peak * DAY_S / 96 * redis_bytes / (1 << 20), 1),
    )


def limits(cpu_s: Mapping[str, float], slots_per_worker: int) -> list[Limit]:
    """Return what gives out on the way up, first what does so first; figures as for :func:`size`."""
    at_hand = CONNECTIONS - KEPT
    # Tasks a second in the busiest hour.
    found = [
        (slots_per_worker / TASK_S, "one worker's slots", "more workers"),
        (
            (at_hand - POOL * 4) / TASK_S,
            f"{at_hand} Postgres connections: four pools of {POOL}, and one a slot",
            f"PgBouncer, which makes {BOUNCED} of the pools",
        ),
        (
            (at_hand - BOUNCED) / TASK_S,
            "the same behind PgBouncer",
            "`RESULTS_URL`, a server with a connection a slot for Celery's results",
        ),
        (BUSY / cpu_s[WEBSERVER], "a webserver's core", "more webservers"),
        (BUSY / cpu_s[SCHEDULER], "a scheduler's core", "a second scheduler"),
        (
            LARGEST_MACHINE_CORES * BUSY / sum(cpu_s.values()),
            f"a machine of {LARGEST_MACHINE_CORES} cores",
            "workers on others, or Kubernetes",
        ),
    ]
    return [Limit(peak / PEAK * DAY_S, what, cure) for peak, what, cure in sorted(found)]


def most_tasks_per_s(role: str, cpu_s: Mapping[str, float]) -> float:
    """Return how many tasks a second one process of *role* keeps up with."""
    return BUSY / cpu_s[role]
