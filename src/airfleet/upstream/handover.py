"""Count a task that a pool process has been given as given, also where its worker stops or loses Redis just then.

Celery then forgets every task whose start no pool process has reported yet, because Redis will deliver it again. One
that was written to a pool process already is run all the same. Its result belongs to nothing: the message is never
acknowledged, so another worker gets it too, and the pool process waits 30 s at its end for its result to be counted, so
that a worker that is scaled away leaves half a minute late. Here such a task is kept. Where Redis was lost, its message
comes again all the same.
"""

from collections.abc import Callable
from typing import Any


def install(pool: type[Any]) -> None:
    """Make every *pool*, Celery's AsynPool, of this process keep what it has handed over."""
    pool.flush = keeping_what_was_handed_over(pool.flush)


def keeping_what_was_handed_over(flush: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return *flush* with the tasks put back whose pool process has them, and lives."""

    def flush_but_keep(self: Any) -> None:
        handed_over = {number: job for number, job in self._cache.items() if job._write_to is not None}
        flush(self)
        self._cache.update(
            {number: job for number, job in handed_over.items() if not job.ready() and job._write_to._is_alive()}
        )

    return flush_but_keep
