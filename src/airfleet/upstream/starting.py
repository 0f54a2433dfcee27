"""What is changed in a scheduler, dag-processor or triggerer as it starts; the plugin airfleet_roles registers it."""

from __future__ import annotations

import sys
from typing import Any

from airflow.listeners import hookimpl


@hookimpl  # type: ignore[untyped-decorator]
def on_starting(component: Any) -> None:
    """Change the role whose job *component* is; a task's process has none."""
    if type(component).__name__ != "Job":
        return
    # Loaded in no other role.
    if "airflow.jobs.scheduler_job_runner" in sys.modules:
        from airfleet.upstream import scheduler

        scheduler.install()
    if "airflow.dag_processing.manager" in sys.modules:
        from airflow.dag_processing.manager import DagFileProcessorManager

        from airfleet.upstream import dag_permissions, guard, parsing_loop, preload, stopping

        preload.for_parsing()
        if guard.fits(guard.AIRFLOW, "a dag-processor in step with its files"):
            parsing_loop.install()
        if guard.fits(guard.AIRFLOW, "a dag-processor's end when its signal handler is ignored"):
            stopping.install(DagFileProcessorManager, "_kill_timed_out_processors")
        permissions = "one query for a Dag's permissions"
        if guard.fits(guard.AIRFLOW, permissions) and guard.fits(guard.FAB, permissions):
            dag_permissions.install()
    if "airflow.jobs.triggerer_job_runner" in sys.modules:
        from airfleet.upstream import guard, triggerer

        if guard.fits(guard.AIRFLOW, "one question of an idle triggerer"):
            triggerer.install()
