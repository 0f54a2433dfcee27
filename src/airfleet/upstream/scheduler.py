"""What is changed in a scheduler; a listener of Airflow's components, registered by the plugin airfleet_scheduler."""

from __future__ import annotations

import functools
import sys
from typing import Any

from airflow.listeners import hookimpl

from airfleet.upstream import guard, polling, results, tokens


@hookimpl  # type: ignore[untyped-decorator]
def on_starting(component: Any) -> None:
    """Change the scheduler when *component* is one; its module is loaded in no other role."""
    if "airflow.jobs.scheduler_job_runner" in sys.modules:
        install()


@functools.cache
def install() -> None:
    """Change this process's scheduler, once."""
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
    from celery.app.amqp import AMQP
    from celery.backends.database.session import SessionManager

    if guard.fits(guard.AIRFLOW, "polling that follows what happens"):
        polling.install(SchedulerJobRunner)
    if guard.fits(guard.CELERY, "the kept connection to Celery's results"):
        results.install(SessionManager)
    # Whatever the version: the test that reads the events says whether it still works.
    tokens.install(AMQP)
