"""Draining the workers: no task starts, and running tasks finish."""

import time

from airfleet.config.errors import AirfleetError
from airfleet.stack.protocol import RotatingStack, Say
from airfleet.stack.roles import SCHEDULER, WORKER

_POLL_S = 0.5


def drain(stack: RotatingStack, say: Say) -> None:
    """Stop the schedulers and pause the workers; return when no worker runs a task.

    Nothing is killed: after STOP_GRACE_SECONDS this raises AirfleetError and leaves the workers paused. `up` starts and
    resumes what was stopped and paused.
    """
    running = stack.running()
    stack.stop([name for name in running if name.startswith(SCHEDULER.name)], say)
    workers = sorted(name for name in running if name.startswith(WORKER.name))
    queues = stack.settings.worker_queues.split(",")
    deadline = time.monotonic() + stack.settings.stop_grace_seconds
    with stack.workers() as client:
        while True:
            # Repeated, because a worker that was restarted meanwhile takes tasks again.
            client.pause(queues)
            held = client.held()
            busy = {name: held.get(name) for name in workers if held.get(name) != 0}
            if not busy:
                return
            waiting = ", ".join(name if count is None else f"{name} ({count} tasks)" for name, count in busy.items())
            say(f"waiting for {waiting}")
            if time.monotonic() > deadline:
                raise AirfleetError(
                    f"Tasks still run after {stack.settings.stop_grace_seconds} s (STOP_GRACE_SECONDS): {waiting}."
                    " No secret was changed. Run ./airfleet rotate again when they have ended."
                )
            time.sleep(_POLL_S)
