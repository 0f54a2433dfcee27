"""Letting the workers finish: no task starts, and those that run go on to their end."""

import time

from airfleet.config.errors import AirfleetError
from airfleet.stack.protocol import RotatingStack, Say
from airfleet.stack.roles import SCHEDULER, WORKER

_POLL_S = 0.5


def drain(stack: RotatingStack, say: Say) -> None:
    """Stop the schedulers, and return when no worker runs a task or takes one.

    Nothing is killed: after STOP_GRACE_SECONDS this raises AirfleetError, with the workers as they are, paused.
    `up` brings back what was stopped and paused.
    """
    running = stack.running()
    stack.stop([name for name in running if name.startswith(SCHEDULER.name)], say)
    workers = sorted(name for name in running if name.startswith(WORKER.name))
    queues = stack.settings.worker_queues.split(",")
    deadline = time.monotonic() + stack.settings.stop_grace_seconds
    with stack.workers() as client:
        while True:
            # Each time: a worker that was started again meanwhile takes tasks like a new one.
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
