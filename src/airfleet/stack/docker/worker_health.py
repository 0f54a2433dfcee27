"""`python -m airfleet.stack.docker.worker_health`: health check of a worker, which ends a stuck one.

A worker can lose its queues when Redis restarts and still answer pings (apache/airflow #63580), so the check asks for
the queues that it consumes. Compose does not restart an unhealthy container: after several failures in a row the check
ends the worker itself, and `restart: unless-stopped` brings it back.
"""

import json
import os
import signal
import socket
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from kombu import Connection
from kombu.exceptions import OperationalError
from kombu.pidbox import Mailbox

# In /tmp, which a restart of the container empties.
_STATE = Path("/tmp/airfleet-worker-health.json")  # noqa: S108 - a tmpfs of this container's own # nosec B108
# PID 1 is the image's init; its first child is the worker's main process.
_CHILDREN_OF_INIT = Path("/proc/1/task/1/children")
_ANSWER_WITHIN_S = 5.0
_REFUSALS = 3


@dataclass(frozen=True)
class Past:
    """The state of earlier checks: failures in a row, and the time at which the worker was told to stop (Unix time)."""

    refusals: int = 0
    stopping_since: float | None = None


class BrokerAwayError(Exception):
    """The broker does not answer; the worker reconnects by itself, so it is not ended."""


def missing_queues(broker_url: str, wanted: set[str]) -> set[str]:
    """Return the queues of *wanted* that this container's worker does not consume.

    Raises BrokerAwayError when the broker does not answer.
    """
    with Connection(broker_url, transport_options={"socket_timeout": 5, "max_retries": 1}) as connection:
        # The question of Celery's `inspect active_queues`, without Celery, whose import was a third of the check.
        mailbox = Mailbox("celery", type="fanout")(connection)
        name = f"celery@{socket.gethostname()}"
        try:
            connection.ensure_connection(max_retries=1, timeout=5)
            answers = mailbox.call([name], "active_queues", timeout=_ANSWER_WITHIN_S)
        except (OperationalError, *connection.connection_errors) as error:
            raise BrokerAwayError(str(error)) from error
        return wanted - {queue["name"] for answer in answers for queue in answer.get(name) or []}


def next_step(past: Past, healthy: bool, now: float, grace_s: float) -> tuple[Past, signal.Signals | None]:
    """Return the new state, and the signal to send to the worker now, if any.

    SIGTERM lets running tasks end. SIGKILL follows only if the worker still runs after *grace_s* seconds; it takes no
    tasks meanwhile.
    """
    if past.stopping_since is not None:
        late = now - past.stopping_since > grace_s
        return past, signal.SIGKILL if late else None
    if healthy:
        return Past(), None
    refusals = past.refusals + 1
    if refusals < _REFUSALS:
        return Past(refusals), None
    return Past(refusals, stopping_since=now), signal.SIGTERM


def main() -> None:
    """Check, and print the result: Docker keeps the last lines."""
    wanted = set(os.environ["WORKER_QUEUES"].split(","))
    try:
        missing = missing_queues(os.environ["AIRFLOW__CELERY__BROKER_URL"], wanted)
    except BrokerAwayError as error:
        sys.exit(f"The broker does not answer: {error}")
    if "AIRFLEET_ONLY_LOOK" in os.environ:
        # A check by another caller: only the engine's own checks count failures.
        sys.exit(f"Takes no tasks from {', '.join(sorted(missing))}." if missing else 0)
    past = Past(**json.loads(_STATE.read_text())) if _STATE.exists() else Past()
    future, send = next_step(past, not missing, time.time(), float(os.environ["STOP_GRACE_SECONDS"]))
    _STATE.write_text(json.dumps(asdict(future)))
    if send:
        # Also written to the container's log, where people look after a restart.
        said = f"worker_health: takes no tasks from {', '.join(sorted(missing))}; sends {send.name} to the worker"
        Path("/proc/1/fd/2").write_text(said + "\n")
        os.kill(int(_CHILDREN_OF_INIT.read_text().split()[0]), send)
    if missing:
        sys.exit(f"Takes no tasks from {', '.join(sorted(missing))}; {future.refusals} time(s) in a row.")
    print(f"Takes tasks from {', '.join(sorted(wanted))}.")


if __name__ == "__main__":
    main()
