"""The look at Redis: queue lengths and its own health."""

from __future__ import annotations

from collections.abc import Callable

import redis

from airfleet.metrics import database as m
from airfleet.observe.exporter.collector import Samples

# Kombu's names: the set that binds a queue, and the hash of what workers hold unacknowledged.
_BINDING = "_kombu.binding."
_UNACKED = "unacked"
_PRIORITY_SEPARATOR = "\x06\x16"
# Kombu keeps a list per priority step beside the queue's own.
_PRIORITY_STEPS = (3, 6, 9)
# Bindings that are not queues of tasks: remote control and events.
_NOT_QUEUES = ("celeryev", ".pidbox", "reply.celery")


class Broker:
    """Queue lengths, unacknowledged tasks, memory and clients of Redis."""

    name = "redis"

    def __init__(self, url: str, timeout_s: float, queues: Callable[[], set[str]]) -> None:
        """Take the broker; *queues* tells the consumed queues, which Redis does not list while empty."""
        self._client = redis.Redis.from_url(url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s)
        self._queues = queues

    def look(self, samples: Samples) -> None:
        """Add every metric of Redis."""
        info: dict[str, int] = dict(self._client.info())
        samples.add(m.REDIS_UP, 1)
        samples.add(m.REDIS_MEMORY, info["used_memory"])
        samples.add(m.REDIS_MEMORY_MAX, info["maxmemory"])
        samples.add(m.REDIS_CLIENTS, info["connected_clients"])
        samples.add(m.REDIS_COMMANDS, info["total_commands_processed"])
        samples.add(m.REDIS_EVICTED, info["evicted_keys"])
        for queue in sorted(self._known_queues()):
            samples.add(m.QUEUE_LENGTH, self._length(queue), queue)
        samples.add(m.QUEUE_UNACKED, float(self._client.hlen(_UNACKED)))

    def _known_queues(self) -> set[str]:
        bound = {
            key.decode()[len(_BINDING) :]
            for key in self._client.scan_iter(match=f"{_BINDING}*", count=1000, _type="set")
        }
        return {name for name in bound | self._queues() if not any(part in name for part in _NOT_QUEUES)}

    def _length(self, queue: str) -> int:
        names = [queue, *(f"{queue}{_PRIORITY_SEPARATOR}{step}" for step in _PRIORITY_STEPS)]
        pipeline = self._client.pipeline(transaction=False)
        for name in names:
            pipeline.llen(name)
        return sum(pipeline.execute())
