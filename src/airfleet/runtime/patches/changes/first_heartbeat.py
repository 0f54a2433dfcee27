"""Spare a task the heartbeat that tells what the webserver has just been told.

A task's supervisor asks the webserver to start it, which counts as a sign of life in the metadata database, and sends a
heartbeat as soon as the task's process first says anything, a tenth of a second later: for a short task one of five
calls. Here the start counts as the first heartbeat, and the next is due `[workers] min_heartbeat_interval` after it.

Measured (2026-11-25, bursts of 200 tasks that do nothing, 2 cores): 0.134 CPU seconds a task become 0.122.
"""

import time
from collections.abc import Callable
from typing import Any

from airfleet.runtime.patches.patch import WORKER, Patch


def change(module: Any) -> None:
    """Let the supervisors of Airflow's *module* count the start."""
    ActivitySubprocess = module.ActivitySubprocess
    ActivitySubprocess._on_child_started = counting_the_start(ActivitySubprocess._on_child_started)


def counting_the_start(start: Callable[..., None]) -> Callable[..., None]:
    """Return *start* with the time of its success noted as that of a heartbeat."""

    def on_child_started(self: Any, **keywords: Any) -> None:
        start(self, **keywords)
        self._last_heartbeat_attempt = time.monotonic()

    return on_child_started


PATCH = Patch(
    name="first_heartbeat",
    group="supervisor",
    roles=(WORKER,),
    what="The call that starts a task counts as its first heartbeat.",
    gain="0.122 CPU seconds a task instead of 0.134, as one call of five is spared (2026-11-25).",
    risk="A task whose first heartbeat would be refused is told so by the next one, min_heartbeat_interval later.",
    upstream="Set _last_heartbeat_attempt in _on_child_started once the start is answered.",
    replaces=("airflow.sdk.execution_time.supervisor:ActivitySubprocess._on_child_started",),
    sources={
        "airflow.sdk.execution_time.supervisor:ActivitySubprocess._on_child_started": "c1810e9d6d095987",
        "airflow.sdk.execution_time.supervisor:ActivitySubprocess._send_heartbeat_if_needed": "31f8f8772b8c6096",
        "airflow.api_fastapi.execution_api.routes.task_instances:ti_run": "d6a38ab41dd6f9ad",
    },
    change=change,
)
