"""Lets a worker wait for a Redis that is full, as it waits for one that is away.

A full Redis refuses what a worker writes when it connects. kombu counts that as the caller's mistake, not as a broken
connection, so the worker leaves, is started again, and leaves again.
"""

from typing import Any

from airfleet.runtime.patches.patch import SAFETY, WORKER, Patch


def change(module: Any) -> None:
    """Let the Redis transport of kombu's *module* connect again after a refusal for want of memory."""
    from redis.exceptions import OutOfMemoryError

    transport = module.Transport
    transport.connection_errors = (*transport.connection_errors, OutOfMemoryError)


PATCH = Patch(
    name="full_redis",
    group=SAFETY,
    roles=(WORKER,),
    what="A worker waits for a Redis that is full, and connects again.",
    gain="Workers stay while Redis is full (docs/reliability.md); without it they leave and are started again.",
    risk="None known: the list of errors only grows.",
    upstream="Count redis.exceptions.OutOfMemoryError among the connection errors of kombu's Redis transport.",
    replaces=("kombu.transport.redis:Transport.connection_errors",),
    change=change,
)
