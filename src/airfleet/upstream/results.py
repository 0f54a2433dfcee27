"""Ask less of the database that holds Celery's results.

In a process that was not forked, Celery makes an engine and a connection for each look at the results: with tasks under
way that is one login (SCRAM, 4096 rounds on both sides) and one new Postgres backend in every loop. Here the scheduler
keeps one pooled connection, as Celery does in its own forked processes.

A worker stores a result with five statements: it begins, looks for the row, inserts it, updates it, and commits. Here
one does it.

Measured (2026-11-26, a slow machine, 200 looks and 400 results three times in turn): a look takes 0.5 ms of CPU in the
scheduler and 0.1 in Postgres, not 8.8 and 7.4; a result 1.1 ms in the worker and 0.3 in Postgres, not 2.8 and 0.7.
"""

import functools
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import Insert, insert


def keep_connection(session_manager: type[Any]) -> None:
    """Make every *session_manager*, Celery's SessionManager, of this process keep its engine."""
    session_manager.forked = _Kept()


class _Kept:
    """Always true, whatever Celery's constructor writes: it is what switches Celery's cache of engines on."""

    def __get__(self, manager: Any, _: type[Any] | None = None) -> bool:
        return True

    def __set__(self, manager: Any, value: bool) -> None:
        """Take no notice."""


def store_at_once(backend: type[Any]) -> None:
    """Make every *backend*, Celery's DatabaseBackend, of this process store a result in Postgres with one statement."""
    from celery.backends.database import retry

    backend._store_result = retry(_store_result)


def _store_result(
    self: Any, task_id: str, result: Any, state: str, traceback: str | None = None, *, request: Any = None, **_: Any
) -> None:
    meta = self._get_result_meta(result, state, traceback, request, format_date=False, encode=True)
    table = self.task_cls.__table__
    values = {name: meta.get(name) for name in _stored(table)} | {"task_id": task_id}
    with self.ResultSession() as session:
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"}).execute(_upsert(table), values)


def _stored(table: Table) -> list[str]:
    """The columns of *table* that a result fills."""
    return [column.name for column in table.columns if column.name not in {"id", "task_id"}]


@functools.cache
def _upsert(table: Table) -> Insert:
    statement = insert(table)
    return statement.on_conflict_do_update(
        index_elements=["task_id"], set_={name: statement.excluded[name] for name in _stored(table)}
    )
