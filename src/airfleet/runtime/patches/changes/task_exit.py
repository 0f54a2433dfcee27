"""Free a task's slot as soon as its process has ended.

A task's process closes its last socket a moment before it can be reaped. Airflow's supervisor then waits on an empty
selector, which nothing can wake, for up to `[workers] min_heartbeat_interval` (5 s): a slot is held 2.6 s on average
for a task of 0.15 s. Here the supervisor waits for the exit itself while no file object is left, and for no longer
than it was asked to.

Measured with 8 slots on 2 cores: 6.2 tasks a second become 11.1 (with the settings of airflow.cfg in both cases).
"""

import os
import select
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from airfleet.runtime.patches.patch import WORKER, Patch

_MS = 1000


def change(module: Any) -> None:
    """Let the supervisors of Airflow's *module* wait for the exit."""
    WatchedSubprocess = module.WatchedSubprocess
    WatchedSubprocess._service_subprocess = waiting_for_exit(WatchedSubprocess._service_subprocess)


def waiting_for_exit(service: Callable[..., int | None]) -> Callable[..., int | None]:
    """Return *service* with a wait for the process's exit before it, when no file object is left to wait for."""

    def service_subprocess(
        self: Any, max_wait_time: float, raise_on_timeout: bool = False, expect_signal: int | None = None
    ) -> int | None:
        if not self.selector.get_map():
            wait_for_exit(self.pid, max_wait_time)
            max_wait_time = 0
        return service(self, max_wait_time, raise_on_timeout=raise_on_timeout, expect_signal=expect_signal)

    return service_subprocess


def wait_for_exit(pid: int, timeout_s: float) -> None:
    """Return when the child *pid* has ended, or after *timeout_s*; at once for one that was reaped already."""
    with suppress(ProcessLookupError):
        watched = os.pidfd_open(pid)
        try:
            poll = select.poll()
            poll.register(watched, select.POLLIN)
            poll.poll(max(0, timeout_s) * _MS)
        finally:
            os.close(watched)


PATCH = Patch(
    name="task_exit",
    group="supervisor",
    roles=(WORKER,),
    what="A task's slot is free as soon as its process has ended.",
    gain="11.1 tasks a second instead of 6.2 with 8 slots (2026-11-23). Heartbeats can then be 10 s apart: at 5 s those"
    " of half a minute take the webserver two thirds of what the rest of the task does.",
    risk="None known: the supervisor waits no longer than it was asked to.",
    upstream="Wait on a pidfd of the task's process beside its sockets in _service_subprocess.",
    replaces=("airflow.sdk.execution_time.supervisor:WatchedSubprocess._service_subprocess",),
    sources={
        "airflow.sdk.execution_time.supervisor:WatchedSubprocess._service_subprocess": "42a762c7c8aa4ea5",
        "airflow.sdk.execution_time.supervisor:WatchedSubprocess._check_subprocess_exit": "dc039d1f36e9b6cd",
        "airflow.sdk.execution_time.supervisor:ActivitySubprocess._monitor_subprocess": "02685b2380deaafd",
    },
    # Seconds between two heartbeats of a running task, and the most until one that was marked or cleared is ended.
    settings={("workers", "min_heartbeat_interval"): "10"},
    change=change,
)
