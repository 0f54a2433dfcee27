"""Counts tries that end within or after the SLA of their task, and marks tries that report their own failure.

An Airflow plugin registers this module as a listener; every task process calls it at the end of a try. A listener that
raises only fills the log, and one that hangs occupies the task's slot, so nothing here waits.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from airflow.listeners import hookimpl
from airflow.sdk.observability.stats import Stats

from airfleet.metrics.statsd import OWN_TASK_SLA_MET, OWN_TASK_SLA_MISSED
from airfleet.sla.declare import END_MARK, read_sla

log = logging.getLogger(__name__)


@hookimpl  # type: ignore[untyped-decorator]
def on_task_instance_success(previous_state: Any, task_instance: Any) -> None:
    """Compare the try with its task's SLA."""
    _judge(task_instance)


@hookimpl  # type: ignore[untyped-decorator]
def on_task_instance_skipped(previous_state: Any, task_instance: Any) -> None:
    """Compare the try with its task's SLA: a sensor that gives up softly ends as skipped."""
    _judge(task_instance)


@hookimpl  # type: ignore[untyped-decorator]
def on_task_instance_failed(previous_state: Any, task_instance: Any, error: Any) -> None:
    """Compare the try with its SLA, and mark a final failure as reported by its own process.

    Airflow archives a try whose process asks for the next one. The last try has no such trace: without the mark, a
    killed and a failed task look the same in the metadata database.
    """
    _judge(task_instance)
    if _in_task_process(task_instance) and getattr(task_instance, "state", None) == "failed":
        task_instance.xcom_push(key=f"{END_MARK}{task_instance.try_number}", value=True)


def seconds_over(started: datetime, ended: datetime, sla_s: float) -> float:
    """Return how many seconds later than its SLA a try ended; 0 or less when it met it."""
    return (ended - started).total_seconds() - sla_s


def _judge(task_instance: Any) -> None:
    if not _in_task_process(task_instance) or task_instance.start_date is None:
        return
    sla_s = read_sla(getattr(task_instance.task, "doc_json", None))
    if sla_s is None:
        return
    ended = task_instance.end_date or datetime.now(UTC)
    over_s = seconds_over(_began(task_instance), ended, sla_s)
    tags = {"dag_id": task_instance.dag_id, "task_id": task_instance.task_id}
    if over_s > 0:
        log.warning("SLA missed: this try took %.1f s longer than the %g s its task declares.", over_s, sla_s)
        Stats.incr(OWN_TASK_SLA_MISSED, tags=tags)
    else:
        Stats.incr(OWN_TASK_SLA_MET, tags=tags)


def _began(task_instance: Any) -> datetime:
    """Return the start of the try: a rescheduled sensor's start_date is that of its last poke."""
    first: datetime | None = task_instance.get_first_reschedule_date(task_instance.get_template_context())
    return first or task_instance.start_date


def _in_task_process(task_instance: Any) -> bool:
    """Return whether this is the task's own process: the scheduler calls listeners for failures too, much later."""
    return (
        getattr(task_instance, "task", None) is not None
        and hasattr(task_instance, "get_template_context")
        and (type(task_instance).__module__.startswith("airflow.sdk."))
    )
