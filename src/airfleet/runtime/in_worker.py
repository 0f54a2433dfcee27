"""Imported by Celery in a worker's main process, before it forks its pool: `imports` of extra_celery_config names it.

Every pool process, and every task's process, is a fork of that one, so what is done here is done once a worker instead
of once a task.
"""

from airfleet.runtime import preload, traces
from airfleet.runtime.patches import hook

wanted = hook.wants(preload.PATCH.name)
if wanted:
    preload.for_tasks()
hook.complete()
if traces.is_on():
    # Imported here only: OpenTelemetry's sender costs memory that a worker without traces does not use.
    from airfleet.runtime import task_traces

    task_traces.provide()
if wanted:
    preload.freeze()
