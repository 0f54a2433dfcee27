"""Ends a task's process when the process that watches it is gone.

Airflow runs a task in a child of the Celery process that reports for it. When that process is killed, Airflow runs
the task again, but the first one would work on beside it, and write what the second writes. So the task's process
asks the kernel to be killed together with its parent. Linux only; elsewhere a task works on, as it does without this.

An Airflow plugin registers this module as a listener; every task's process calls it before the task's own code.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Any

from airflow.listeners import hookimpl

_PR_SET_PDEATHSIG = 1
_INIT = 1


@hookimpl  # type: ignore[untyped-decorator]
def on_task_instance_running(previous_state: Any, task_instance: Any) -> None:
    """Bind this process, a task's own, to its parent's life.

    `airflow dags test` runs tasks in its own process, whose parent may well be a container's init: that one is left
    alone.
    """
    from airflow.sdk.execution_time import task_runner
    from airflow.sdk.execution_time.comms import CommsDecoder

    if isinstance(getattr(task_runner, "SUPERVISOR_COMMS", None), CommsDecoder):
        die_with_parent()


def die_with_parent() -> None:
    """Have this process killed when its parent ends; at once when that has happened already."""
    if sys.platform != "linux":
        return
    # The signal is lost by processes that change their user or group, and is not inherited by children.
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl refused to bind the task to its supervisor")
    if os.getppid() == _INIT:
        os.kill(os.getpid(), signal.SIGKILL)
