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

_MS = 1000


def install() -> None:
    """Let supervisors of this process, and of those that it forks, wait for the exit."""
    from airflow.sdk.execution_time.supervisor import WatchedSubprocess

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
