"""Questions to the Celery workers, over the broker."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from celery import Celery


@dataclass(frozen=True)
class WorkerState:
    """One worker that answers: its name, slots, running tasks, and the queues it takes tasks from."""

    name: str
    slots: int
    running: int
    queues: tuple[str, ...]


class CeleryClient:
    """Asks the workers of one deployment; use as a context manager."""

    def __init__(self, broker_url: str) -> None:
        self._app = Celery(broker=broker_url, set_as_current=False)
        self._app.conf.broker_transport_options = {"socket_timeout": 5, "max_retries": 1}

    def __enter__(self) -> "CeleryClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._app.close()

    def workers(self, timeout_s: float = 1.0) -> list[WorkerState]:
        """Return the workers that answer within *timeout_s*, by name; none when the broker does not answer."""
        inspect = self._app.control.inspect(timeout=timeout_s)
        connection = self._app.connection_for_read()
        try:
            stats = inspect.stats() or {}
            if not stats:
                return []
            return sorted(_states(stats, inspect.active() or {}, inspect.active_queues() or {}), key=_name)
        # A full Redis answers, but takes no question.
        except (*connection.connection_errors, *connection.channel_errors):
            return []


def _name(worker: WorkerState) -> str:
    return worker.name


def _states(stats: dict[str, Any], active: dict[str, Any], queues: dict[str, Any]) -> Iterator[WorkerState]:
    for name, found in stats.items():
        yield WorkerState(
            name=name.partition("@")[2],
            slots=int(found["pool"]["max-concurrency"]),
            running=len(active.get(name, [])),
            queues=tuple(queue["name"] for queue in queues.get(name, [])),
        )
