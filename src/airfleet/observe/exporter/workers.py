"""The source for Celery's workers, queried over Redis: consumers of each queue, and free slots."""

from __future__ import annotations

from collections import Counter

from airfleet.celery_client import CeleryClient
from airfleet.metrics import database as m
from airfleet.observe.exporter.collector import Samples
from airfleet.observe.exporter.waiting import Workers

# Every worker has this long to answer. The first of three questions always takes this long, as nobody knows how many
# workers there are; the others end with the last answer.
ANSWER_S = 1.5


class CeleryWorkers:
    """Consumers per queue, workers and slots."""

    name = "celery"

    def __init__(self, broker_url: str, timeout_s: float) -> None:
        """Use *broker_url*; *timeout_s* limits each step of the exchange with Redis."""
        self._client = CeleryClient(broker_url, timeout_s)
        self.state = Workers()

    def look(self, samples: Samples) -> None:
        """Query every worker and add the answers; no answer at all is a valid result."""
        self.state = Workers()
        workers = self._client.ask(ANSWER_S)
        consumers = Counter(queue for worker in workers for queue in worker.queues)
        total = sum(worker.slots for worker in workers)
        busy = sum(worker.running for worker in workers)
        self.state = Workers(True, dict(consumers), total, busy)
        for queue, count in sorted(consumers.items()):
            samples.add(m.QUEUE_CONSUMERS, count, queue)
        samples.add(m.WORKERS, len(workers))
        samples.add(m.WORKER_SLOTS, total, "total")
        samples.add(m.WORKER_SLOTS, busy, "busy")

    def queues(self) -> set[str]:
        """Return the queues that were consumed at the last read."""
        return set(self.state.consumers)
