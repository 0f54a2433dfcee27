"""Count a task that a pool process has been given as given, also where its worker stops or loses Redis just then.

Celery then forgets every task whose start no pool process has reported yet, because Redis will deliver it again. One
that was written to a pool process already is run all the same. Its result belongs to nothing: the message is never
acknowledged, so another worker gets it too, and the pool process waits 30 s at its end for its result to be counted, so
that a worker that is scaled away leaves half a minute late. Here such a task is kept. Where Redis was lost, its message
comes again all the same.
"""

from collections.abc import Callable
from typing import Any

from airfleet.runtime.patches.patch import SAFETY, WORKER, Patch


def change(module: Any) -> None:
    """Make every pool of Celery's *module* keep what it has handed over."""
    pool = module.AsynPool
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


PATCH = Patch(
    name="handover",
    group=SAFETY,
    roles=(WORKER,),
    what="A task that a pool process was given as its worker stops, or loses Redis, is still counted as given.",
    gain="A worker that is scaled away leaves up to 30 s earlier; no second worker gets its last task (2026-11-26).",
    risk="None known: a task is kept only while the process that has it lives.",
    upstream="Let AsynPool.flush keep jobs that were written to a live process.",
    replaces=("celery.concurrency.asynpool:AsynPool.flush",),
    sources={
        "celery.concurrency.asynpool:AsynPool.flush": "7315a8aaaf155e0c",
        "celery.worker.consumer.consumer:Consumer.on_close": "44c736d6f82524ef",
        "billiard.pool:ResultHandler._make_methods": "9b6ed6767639fb61",
        "billiard.pool:Worker._ensure_messages_consumed": "2349f7e1103d1029",
    },
    change=change,
)
