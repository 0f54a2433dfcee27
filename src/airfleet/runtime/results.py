"""Celery's results, kept in their database as JSON.

Celery's own backend for databases pickles them. Every worker may write into these rows, so whoever reads a pickle from
there, as the scheduler does, runs what a task has chosen. And a stored failure names the class of an exception, which
Celery makes anew. Here a row holds plain data, and a failure becomes a TaskError whatever it names.

The tables are those that Celery makes. A task of Airflow has no result, which its own backend stored as NULL too: what
it has stored before is read as it was meant, except for failures, and they stay failures.
"""

import json
import logging
from typing import Any, ClassVar, Final

from celery.backends.database import DatabaseBackend
from celery.backends.database.models import Task
from celery.exceptions import TaskError
from celery.states import FAILURE
from sqlalchemy import LargeBinary, MetaData
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

log = logging.getLogger(__name__)

_NOT_PLAIN: Final = object()


class PlainData(TypeDecorator[Any]):
    """JSON in a column of bytes; what is not JSON is read as _NOT_PLAIN."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        """Return what is stored: what JSON does not know becomes its text."""
        return None if value is None else json.dumps(value, default=repr).encode()

    # Not process_result_value, which would get what LargeBinary makes of the value: a number becomes that many bytes.
    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Return the function that reads a stored value; a worker owns the table, and the column may have any type."""
        return _read


def _read(value: Any) -> Any:
    if value is None:
        return None
    try:
        return json.loads(bytes(value)) if isinstance(value, bytes | memoryview) else _NOT_PLAIN
    except (ValueError, RecursionError):
        return _NOT_PLAIN


_table = Task.__table__.to_metadata(MetaData())
_table.c.result.type = PlainData()


class PlainTask(Task):  # type: ignore[misc]
    """A row of Celery's table with a plain result."""

    __table__ = _table
    __mapper_args__: ClassVar = {"concrete": True}


class PlainResults(DatabaseBackend):  # type: ignore[misc]
    """DatabaseBackend that stores and reads plain data; without groups of tasks, which Airflow does not use."""

    task_cls = PlainTask

    def meta_from_decoded(self, meta: dict[str, Any]) -> dict[str, Any]:
        """Return what is known of a task; one whose row nobody can have meant has failed."""
        if meta["result"] is _NOT_PLAIN or not isinstance(meta["status"], str):
            log.error(
                "The result of Celery's task %r is not plain data: it counts as failed. Only a program that has the"
                " workers' login can have written it.",
                meta["task_id"],
            )
            return meta | {"status": FAILURE, "result": TaskError("Its result is not plain data.")}
        if meta["status"] in self.EXCEPTION_STATES:
            return meta | {"result": self.exception_to_python(meta["result"])}
        return meta

    def exception_to_python(self, exc: Any) -> BaseException:
        """Return a TaskError that says what *exc*, the stored description of an exception, says."""
        # Celery asks twice. No exception can come out of JSON.
        if isinstance(exc, BaseException):
            return exc
        told: dict[str, Any] = exc if isinstance(exc, dict) else {"exc_type": "Exception", "exc_message": [exc]}
        message = told.get("exc_message")
        text = ", ".join(map(str, message)) if isinstance(message, list) else str(message)
        failure: BaseException = TaskError(f"{told.get('exc_type')}: {text}")
        return failure

    def _save_group(self, group_id: str, result: Any) -> None:
        raise NotImplementedError("Celery's groups are pickled, and not kept here.")

    def _restore_group(self, group_id: str) -> None:
        raise NotImplementedError("Celery's groups are pickled, and not kept here.")
