"""Settles the deadlines of a run that has ended, however it ended.

Airflow settles those of a run that succeeds by its tasks only. A run that failed, timed out, or was marked by hand in
time would be reported as late when its deadline passes. The plugin airfleet_sla registers this module as a listener of
the scheduler and the webserver, which end runs.
"""

from __future__ import annotations

from typing import Any

from airflow.listeners import hookimpl


@hookimpl  # type: ignore[untyped-decorator]
def on_dag_run_success(dag_run: Any, msg: str) -> None:
    """Settle the deadlines of a run that succeeded or was marked so."""
    settle(dag_run)


@hookimpl  # type: ignore[untyped-decorator]
def on_dag_run_failed(dag_run: Any, msg: str) -> None:
    """Settle the deadlines of a run that failed, timed out or was marked failed."""
    settle(dag_run)


def settle(dag_run: Any) -> None:
    """Remove and count as met each deadline that is later than the end of *dag_run*; a later end stays a miss."""
    # Imported here, because every task's process loads the plugin and has no database.
    from airflow.models.dagrun import DagRun
    from airflow.models.deadline import Deadline
    from sqlalchemy.orm import object_session

    session = object_session(dag_run)
    if session is not None:
        Deadline.prune_deadlines(session=session, conditions={DagRun.id: dag_run.id})
