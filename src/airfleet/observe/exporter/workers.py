"""The look at Celery's workers, asked over Redis: who consumes which queue, and how many slots are free."""

from __future__ import annotations

from collections import Counter
from typing import Any

from celery import Celery

from airfleet.metrics import database as m
from airfleet.observe.exporter.collector import Samples
from airfleet.observe.exporter.waiting import Workers

# Every worker has this long to answer; the call always takes it, for nobody knows how many will.
ANSWER_S = 1.5


class CeleryWorkers:
    """Consumers per queue, workers and slots."""

    name = "celery"

    def __init__(self, broker_url: str, timeout_s: float) -> None:
        """Use *broker_url*; *timeout_s* bounds each step of the conversation with Redis."""
        self._app = Celery(broker=broker_url, set_as_current=False)
        self._app.conf.update(
            broker_connection_retry=False,
            broker_transport_options={"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s},
            broker_pool_limit=None,
        )
        self.state = Workers()

    def look(self, samples: Samples) -> None:
        """Ask every worker and add what they say; nobody answering is an answer."""
        self.state = Workers()
        with self._app.connection_for_write(connect_timeout=5) as connection:
            # Celery would wait for ever for a Redis that is away.
            connection.ensure_connection(max_retries=1, timeout=5)
            inspect = self._app.control.inspect(timeout=ANSWER_S, connection=connection)
            queues: dict[str, list[dict[str, Any]]] = inspect.active_queues() or {}
            stats: dict[str, dict[str, Any]] = inspect.stats() or {}
            active: dict[str, list[Any]] = inspect.active() or {}
        consumers = Counter(queue["name"] for one in queues.values() for queue in one)
        total = sum(int(one.get("pool", {}).get("max-concurrency") or 0) for one in stats.values())
        busy = sum(len(one) for one in active.values())
        self.state = Workers(True, dict(consumers), total, busy)
        for queue, count in sorted(consumers.items()):
            samples.add(m.QUEUE_CONSUMERS, count, queue)
        samples.add(m.WORKERS, len(queues))
        samples.add(m.WORKER_SLOTS, total, "total")
        samples.add(m.WORKER_SLOTS, busy, "busy")

    def queues(self) -> set[str]:
        """Return the queues that the last look found consumed."""
        return set(self.state.consumers)
