"""Refuse Dag and task ids that Airflow would run and never measure.

StatsD names carry the ids. Airflow drops a name silently (a line in the log of the process that sends it) when it is
longer than 250 characters or has other characters than letters, digits and ``_ . - /``. A Dag with such an id would run
without metrics, so it is refused with an import error, which is visible.

``airflow_local_settings.py`` calls `refuse_unmeasurable_ids` from its ``dag_policy``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

MAX_STAT = 250
_MEASURABLE = re.compile(r"[A-Za-z0-9_./-]+")

# The longest names that Airflow builds from these ids, with the longest run types and states. Some contain the queue's
# or operator's name.
_DAG_STATS = ("dagrun.first_task_scheduling_delay,dag_id={dag},run_type=asset_materialization",)
_TASK_STATS = (
    "task_instances_without_heartbeats_killed,dag_id={dag},task_id={task}",
    "operator_successes,dag_id={dag},task_id={task},operator_name={operator}",
    "task.scheduled_duration,dag_id={dag},task_id={task},queue={queue}",
    "ti.finish,dag_id={dag},task_id={task},state=up_for_reschedule",
)


@dataclass(frozen=True)
class Task:
    """The fields of a task that become part of a stat's name."""

    task_id: str
    operator: str = "PythonOperator"
    queue: str = "default"


def problems(dag_id: str, tasks: Iterable[Task]) -> list[str]:
    """Return a sentence for each id that cannot be measured; none when all can."""
    found = [_characters("Dag id", dag_id)]
    found.append(_length("Dag id", dag_id, [stat.format(dag=dag_id) for stat in _DAG_STATS]))
    for task in tasks:
        found.append(_characters("task id", task.task_id))
        found.append(_characters("queue", task.queue))
        names = [
            stat.format(dag=dag_id, task=task.task_id, operator=task.operator, queue=task.queue) for stat in _TASK_STATS
        ]
        found.append(_length("task id", task.task_id, names))
    return list(dict.fromkeys(problem for problem in found if problem))


def refuse_unmeasurable_ids(dag: Any) -> None:
    """Raise AirflowClusterPolicyViolation, naming every id of *dag* that cannot be measured."""
    from airflow.exceptions import AirflowClusterPolicyViolation

    tasks = [Task(one.task_id, one.task_type, one.queue or "default") for one in dag.tasks]
    found = problems(dag.dag_id, tasks)
    if found:
        raise AirflowClusterPolicyViolation(
            "This Dag would run without metrics, so it is refused:\n- " + "\n- ".join(found)
        )


def _characters(what: str, name: str) -> str:
    if _MEASURABLE.fullmatch(name):
        return ""
    wrong = sorted({char for char in name if not _MEASURABLE.fullmatch(char)})
    return f"The {what} {name!r} has {wrong}; metrics take letters a-z, digits and _ . - / only. Rename it."


def _length(what: str, name: str, stats: list[str]) -> str:
    longest = max(stats, key=len)
    over = len(longest) - MAX_STAT
    if over <= 0:
        return ""
    return (
        f"The {what} {name!r} makes the metric name {longest.split(',')[0]} with its tags {len(longest)} characters "
        f"long; {MAX_STAT} are kept. Shorten the ids by {over} characters."
    )
