"""The look at Celery's workers, asked over Redis: who consumes which queue, and how many slots are free."""

from __future__ import annotations

from collections import Counter

from airfleet.celery_client import CeleryClient
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
        self._client = CeleryClient(broker_url, timeout_s)
        self.state = Workers()

    def look(self, samples: Samples) -> None:
        """Ask every worker and add what they say; nobody answering is an answer."""
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
        """Return the queues that the last look found consumed."""
        return set(self.state.consumers)
