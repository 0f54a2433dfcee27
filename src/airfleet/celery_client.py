"""Queries and commands to the Celery workers, over the broker."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError


@dataclass(frozen=True)
class WorkerState:
    """One worker that answers: its name, slots, running tasks, and the queues that it consumes."""

    name: str
    slots: int
    running: int
    queues: tuple[str, ...]


class CeleryClient:
    """A client of the workers of one deployment; use as a context manager."""

    def __init__(self, broker_url: str, timeout_s: float = 5.0) -> None:
        """Use *broker_url*; *timeout_s* bounds each step of the conversation with the broker."""
        self._step_s = timeout_s
        self._app = Celery(broker=broker_url, set_as_current=False)
        self._app.conf.update(
            broker_transport_options={
                "socket_timeout": timeout_s,
                "socket_connect_timeout": timeout_s,
                "max_retries": 1,
            },
        )

    def __enter__(self) -> "CeleryClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._app.close()

    def workers(self, timeout_s: float = 1.0) -> list[WorkerState]:
        """Return the workers that answer within *timeout_s*, by name; none when the broker does not answer."""
        try:
            return self.ask(timeout_s)
        except self._broker_errors:
            return []

    def ask(self, timeout_s: float) -> list[WorkerState]:
        """Return the workers that answer within *timeout_s*, by name; raises what a broker that is away raises."""
        with self._app.connection_for_write(connect_timeout=self._step_s) as connection:
            # Celery would wait for ever for a Redis that is away.
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=self._step_s)
            inspect = self._app.control.inspect(timeout=timeout_s, connection=connection)
            stats = inspect.stats() or {}
            if not stats:
                return []
            # Those that answered are named, so that these two end with the last answer and not with the time.
            named = self._app.control.inspect(list(stats), timeout=timeout_s, connection=connection)
            return sorted(_states(stats, named.active() or {}, named.active_queues() or {}), key=_name)

    def pause(self, queues: Iterable[str]) -> None:
        """Make every worker take no more tasks from *queues*; it continues with those that it has."""
        with suppress(*self._broker_errors):
            for queue in queues:
                self._app.control.cancel_consumer(queue)

    def resume(self, queues: Iterable[str]) -> None:
        """Make every worker take tasks from *queues*; one that does already is not changed."""
        with suppress(*self._broker_errors):
            for queue in queues:
                self._app.control.add_consumer(queue)

    def held(self, timeout_s: float = 1.0) -> dict[str, int | None]:
        """Return, by name, how many tasks each worker that answers holds; None for one that still takes new ones."""
        inspect = self._app.control.inspect(timeout=timeout_s)
        try:
            # In this order no task is missed while it changes its state.
            consumed = inspect.active_queues() or {}
            waiting, running = inspect.reserved() or {}, inspect.active() or {}
        except self._broker_errors:
            return {}
        return {
            name.partition("@")[2]: None if consumed[name] else len(waiting[name]) + len(running[name])
            for name in consumed.keys() & waiting.keys() & running.keys()
        }

    def forget(self, queues: Iterable[str]) -> None:
        """Delete every message of *queues*, and those that workers took and never acknowledged."""
        with self._app.connection_for_write() as connection:
            channel = connection.default_channel
            for queue in queues:
                channel.queue_purge(queue)
            channel.client.delete(channel.unacked_key, channel.unacked_index_key)

    @cached_property
    def _broker_errors(self) -> tuple[type[BaseException], ...]:
        """Return the exceptions of a broker that is down, or full and so accepts no query."""
        connection = self._app.connection_for_read()
        return (OperationalError, *connection.connection_errors, *connection.channel_errors)


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
