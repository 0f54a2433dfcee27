"""What is changed in a scheduler."""

from __future__ import annotations

import functools

from airfleet.upstream import guard, polling, queueing, results, stopping, tokens


@functools.cache
def install() -> None:
    """Change this process's scheduler, once."""
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
    from celery.app.amqp import AMQP
    from celery.backends.database.session import SessionManager

    if guard.fits(guard.AIRFLOW, "polling that follows what happens"):
        polling.install(SchedulerJobRunner)
    if guard.fits(guard.AIRFLOW, "one question of a scheduler with nothing to queue"):
        queueing.install(SchedulerJobRunner)
    if guard.fits(guard.AIRFLOW, "a scheduler's end when its signal handler is ignored"):
        stopping.install(SchedulerJobRunner, "_do_scheduling")
    if guard.fits(guard.CELERY, "the kept connection to Celery's results"):
        results.keep_connection(SessionManager)
    # Whatever the version: the test that reads the events says whether it still works.
    tokens.install(AMQP)
