"""The source for Airflow's metadata database."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from airfleet.metrics import database as m
from airfleet.observe.exporter.collector import Samples
from airfleet.observe.exporter.queries import Database
from airfleet.observe.exporter.serialized import SerializedDags
from airfleet.observe.exporter.waiting import Workers, reason
from airfleet.sla.declare import END_MARK

# Rows of the audit log become visible out of order: one that took a lower number may commit later.
REREAD_IDS = 1000

_KILLS = ("signal", "heartbeat_lost", "state_mismatch")
_UNFINISHED = ("scheduled", "queued", "running", "deferred", "up_for_retry", "up_for_reschedule", "awaiting_input")
_ENDS = {"success", "failed", "up_for_retry", "skipped"}
# These read 0 for every Dag from the start.
_ENDS_AT_ZERO = ("success", "failed", "up_for_retry")
_FAILURES = {"failed", "up_for_retry"}
_COMPONENTS = {"SchedulerJob": "scheduler", "DagProcessorJob": "dag_processor", "TriggererJob": "triggerer"}


class Metadata:
    """Ages, tries, ends, kills, deadlines and SLAs, from the metadata database."""

    name = "metadata"

    def __init__(self, database: Database, workers: Callable[[], Workers]) -> None:
        """Look through *database*; *workers* has the last result from Celery."""
        self._database = database
        self._workers = workers
        self._dags = SerializedDags(database)
        self._ends = Ends(database)

    def look(self, samples: Samples) -> None:
        """Add every metric of the metadata database."""
        self._unfinished(samples)
        for row in self._database.rows("unfinished_runs"):
            samples.add(m.UNFINISHED_RUNS, row["runs"], row["dag_id"], row["state"])
        for row in self._database.rows("heartbeats"):
            samples.add(m.HEARTBEAT_AGE, row["age_s"], _COMPONENTS[row["job_type"]])
        for row in self._database.rows("schedule_delays"):
            samples.add(m.SCHEDULE_DELAY, row["delay_s"], row["dag_id"])
        for row in self._database.rows("paused_dags"):
            samples.add(m.DAG_PAUSED, 1, row["dag_id"])
        for row in self._database.rows("deadlines"):
            samples.add(m.DEADLINES, row["deadlines"], row["dag_id"], row["alert"], row["state"])
        self._dags.refresh()
        for (dag_id, task_id), seconds in sorted(self._dags.task_slas().items()):
            samples.add(m.TASK_SLA, seconds, dag_id, task_id)
        for dag_id, declared in sorted(self._dags.declared().items()):
            samples.add(m.DAG_SLA_DECLARED, float(declared), dag_id)
        for row in self._database.rows("oldest_waiting"):
            limits = self._dags.limits(row["dag_id"], row["task_id"])
            why = reason(row, limits, self._workers())
            samples.add(m.WAITING_AGE, row["age_s"] or 0, row["dag_id"], row["task_id"], row["queue"], why)
        self._ends.look(samples, self._dags.declared())

    def _unfinished(self, samples: Samples) -> None:
        rows = self._database.rows("unfinished_tasks")
        by_state: Counter[str] = Counter(dict.fromkeys(_UNFINISHED, 0))
        begun: dict[tuple[str, str], float] = {}
        waiting: dict[str, float] = {}
        tries: dict[tuple[str, str], int] = {}
        for row in rows:
            key = (row["dag_id"], row["task_id"])
            by_state[row["state"]] += row["instances"]
            if row["begun_s"] is not None:
                begun[key] = max(float(row["begun_s"]), begun.get(key, 0.0))
            if row["waiting_s"] is not None:
                waiting[row["queue"]] = max(float(row["waiting_s"]), waiting.get(row["queue"], 0.0))
            # A task that waits for its retry has the number of the try that failed.
            tried = row["tries"] + (row["state"] == "up_for_retry")
            if tried > 1:
                tries[key] = max(tried, tries.get(key, 0))
        for state, instances in sorted(by_state.items()):
            samples.add(m.UNFINISHED_TASKS, instances, state)
        for queue, age in sorted(waiting.items()):
            samples.add(m.QUEUED_AGE, age, queue)
        for key, age in sorted(begun.items()):
            samples.add(m.RUNNING_AGE, age, *key)
        for key, count in sorted(tries.items()):
            samples.add(m.TASK_TRIES, count, *key)


class Ends:
    """Counts ends and kills of tries from the audit log, starting at the first read.

    Counting starts at 0 with the exporter, as every counter of a process does.
    """

    def __init__(self, database: Database) -> None:
        """Count nothing yet."""
        self._database = database
        self._newest: int | None = None
        self._seen: set[int] = set()
        self._ends: Counter[tuple[str, str]] = Counter()
        self._kills: Counter[tuple[str, str]] = Counter()
        self._failures: Counter[tuple[str, str, str]] = Counter()
        # When the exporter first saw the failing task: Prometheus then takes 0 as its earlier value.
        self._failing_since: dict[tuple[str, str, str], float] = {}

    def look(self, samples: Samples, dag_ids: Iterable[str] = ()) -> None:
        """Count the log's new entries since the last read, and add the counters.

        Every one of *dag_ids* has its counters from the start, at 0: Prometheus sees no increase in a counter that
        starts at 1. Tasks are too many for that, so those that fail carry the time at which they were counted first.
        """
        for dag_id in dag_ids:
            self._know(dag_id)
        if self._newest is None:
            self._newest = self._database.rows("last_log_id")[0]["id"]
        else:
            self._count()
        for (dag_id, state), count in sorted(self._ends.items()):
            samples.add(m.TASK_ENDS, count, dag_id, state)
        for (dag_id, why), count in sorted(self._kills.items()):
            samples.add(m.TASKS_KILLED, count, dag_id, why)
        for key, count in sorted(self._failures.items()):
            samples.add(m.TASK_FAILURES, count, *key, created=self._failing_since[key])

    def _know(self, dag_id: str) -> None:
        for state in _ENDS_AT_ZERO:
            self._ends[dag_id, state] += 0
        for why in _KILLS:
            self._kills[dag_id, why] += 0

    def _count(self) -> None:
        assert self._newest is not None  # noqa: S101 - set by the first look # nosec B101
        first = self._newest
        if not self._seen:
            self._seen = {first}
        after = max(first - REREAD_IDS, min(self._seen))
        for row in self._database.rows("task_ends", after=after, mark=END_MARK):
            if row["id"] in self._seen:
                continue
            self._seen.add(row["id"])
            self._newest = max(self._newest, row["id"])
            if row["event"] in _ENDS:
                self._ends[row["dag_id"], row["event"]] += 1
            if row["event"] in _FAILURES:
                key = (row["dag_id"], row["task_id"], row["event"])
                self._failures[key] += 1
                self._failing_since.setdefault(key, time.time())
            self._know(row["dag_id"])
            if why := kill_reason(row):
                self._kills[row["dag_id"], why] += 1
        # The id of the first read is the lower bound until the window has moved past it.
        floor = self._newest - 2 * REREAD_IDS
        self._seen = {one for one in self._seen if one >= floor}


def kill_reason(row: dict[str, Any]) -> str | None:
    """Return how the try of a log entry was killed, or None when its process reported its end itself."""
    event = row["event"]
    if event in {"heartbeat timeout", "state mismatch"}:
        return {"heartbeat timeout": "heartbeat_lost", "state mismatch": "state_mismatch"}[event]
    if row["lost"] or event not in {"failed", "up_for_retry"}:
        return None
    # Only a running task process can request its retry, and its try is then archived in the same transaction. (If it is
    # killed with a retry left, no process requests it in Airflow 3.3: the scheduler finds a state mismatch.)
    said_end = row["archived"] if event == "up_for_retry" else row["said_end"]
    return None if said_end else "signal"
