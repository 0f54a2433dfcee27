"""The reason why the task that has waited longest does not run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Workers:
    """The last result from Celery; *known* is False before the first read and after a failed one."""

    known: bool = False
    consumers: dict[str, int] = field(default_factory=dict)
    slots_total: int = 0
    slots_busy: int = 0


@dataclass(frozen=True)
class Limits:
    """A task's own limits on instances at a time: over all runs of its Dag, and within one run."""

    per_dag: int | None = None
    per_run: int | None = None


def reason(row: dict[str, Any], limits: Limits, workers: Workers) -> str:
    """Return the reason why the task in a row of ``oldest_waiting.sql`` waits.

    ``pool``, ``limit`` (of the Dag or task), ``scheduler`` (nothing prevents it: the scheduler has not reached it yet),
    ``no_consumer`` (no worker listens to its queue), ``no_slot`` (all of them are busy) or ``broker`` (handed to Redis,
    and a slot is free: on its way, or lost there).
    """
    if row["state"] == "scheduled":
        return _not_queued_because(row, limits)
    if workers.known and not workers.consumers.get(row["queue"]):
        return "no_consumer"
    if workers.known and workers.slots_busy >= workers.slots_total:
        return "no_slot"
    return "broker"


def _not_queued_because(row: dict[str, Any], limits: Limits) -> str:
    # -1 slots mean an unlimited pool.
    if row["pool_size"] >= 0 and row["pool_size"] - row["pool_taken"] < row["pool_slots"]:
        return "pool"
    at_limit = (
        (row["run_active"], row["max_active_tasks"]),
        (row["task_active"], limits.per_dag),
        (row["task_active_in_run"], limits.per_run),
    )
    if any(limit is not None and active >= limit for active, limit in at_limit):
        return "limit"
    return "scheduler"
