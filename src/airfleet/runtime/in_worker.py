"""Imported by Celery in a worker's main process, before it forks its pool: `imports` of extra_celery_config names it.

Every pool process, and every task's process, is a fork of that one, so what is done here is done once a worker instead
of once a task.
"""

from airfleet.runtime import preload
from airfleet.runtime.patches import hook

if hook.wants(preload.PATCH.name):
    preload.for_tasks()
hook.complete()
