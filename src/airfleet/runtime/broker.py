"""Looks into Redis through Celery's own connection: which messages it holds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any


def message_ids(app: Any, queues: Iterable[str]) -> set[str]:
    """Return the task ids of every message that waits in *queues* or that a worker took and did not acknowledge."""
    with app.pool.acquire(block=True) as connection:
        channel = connection.default_channel
        client = channel.client
        waiting = [
            json.loads(message)
            for queue in queues
            for priority in channel.priority_steps
            for message in client.lrange(channel._q_for_pri(queue, priority), 0, -1)
        ]
        # What was taken is kept as [message, exchange, routing key].
        taken = [json.loads(message)[0] for message in client.hvals(channel.unacked_key)]
    return {message["headers"]["id"] for message in [*waiting, *taken] if "id" in message.get("headers", {})}
