"""What is changed in a worker. Celery imports this module in a worker's main process, before it forks its pool.

`imports` of extra_celery_config in airflow.cfg names it. Every pool process, and every task's process, is a fork of
that one, so what is done here is done once a worker instead of once a task.
"""

import gc
from typing import Any

from celery.backends.database import DatabaseBackend
from celery.concurrency.asynpool import AsynPool
from celery.signals import worker_ready

from airfleet.upstream import adapters, first_heartbeat, guard, handover, preload, results, task_exit, turns

preload.for_tasks()
if guard.fits(guard.AIRFLOW, "freeing a slot at its task's exit"):
    task_exit.install()
if guard.fits(guard.AIRFLOW, "counting a task's start as a heartbeat"):
    first_heartbeat.install()
if guard.fits(guard.AIRFLOW, "letting few tasks start at once"):
    turns.install(turns.of_this_machine())
if guard.fits(guard.AIRFLOW, "keeping validators"):
    adapters.install()
if guard.fits(guard.CELERY, "storing a result with one statement"):
    results.store_at_once(DatabaseBackend)
if guard.fits(guard.CELERY, "keeping what a pool process was given"):
    handover.install(AsynPool)
# Airflow freezes before this module is imported. Objects in the permanent generation are not written to by a
# garbage collection, so forks go on sharing their pages. Measured (2026-11-26): 390 and 389 MiB of a worker with eight
# slots after 250 tasks, not 394 and 394; a dag-processor, a triggerer and a scheduler gained nothing by it.
gc.collect()
gc.freeze()


@worker_ready.connect(weak=False)  # type: ignore[untyped-decorator]
def _freeze_again(**_: Any) -> None:
    """Undo Airflow's gc.unfreeze(): the main process forks again for each pool process that it replaces."""
    gc.freeze()
