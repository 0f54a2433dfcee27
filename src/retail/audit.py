"""The audit trail: one row per task try, failures included, written so that no rollback can take it back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from retail import warehouse
from retail.errors import Verdict
from retail.warehouse import connection

_MESSAGE_CHARS = 4000
TRY_FIELDS = (
    "started_at", "dag_id", "task_id", "run_id", "try_number", "outcome", "seconds", "rows_in", "rows_out",
    "source_sha256", "code_version", "message",
)  # fmt: skip


@dataclass(slots=True)
class Try:
    """One try of one task. The task fills in the last three when it knows them."""

    dag_id: str
    task_id: str
    run_id: str
    try_number: int
    source_sha256: str | None = None
    rows_in: int | None = None
    rows_out: int | None = None


@cache
def code_version() -> str:
    """A hash over the package's own files: the version that ran, with or without a repository."""
    digest = hashlib.sha256()

    def add(folder: Traversable, prefix: str) -> None:
        for item in sorted(folder.iterdir(), key=lambda entry: entry.name):
            name = f"{prefix}/{item.name}"
            if item.is_dir() and item.name != "__pycache__":
                add(item, name)
            elif item.name.endswith((".py", ".sql", ".j2")):
                digest.update(name.encode() + b"\0" + item.read_bytes())

    add(files("retail"), "retail")
    return digest.hexdigest()[:12]


@contextmanager
def recorded(conn: connection, attempt: Try) -> Iterator[Try]:
    """Record that *attempt* started and how it ended: success, verdict or error.

    *conn* is the trail's own connection, separate from the step's. A killed try leaves only its start, which
    audit.task_tries shows as unfinished.
    """
    _write(conn, attempt, "started")
    try:
        yield attempt
    except Verdict as verdict:
        _write(conn, attempt, "verdict", str(verdict))
        raise
    except BaseException as error:
        _write(conn, attempt, "error", f"{type(error).__name__}: {error}")
        raise
    _write(conn, attempt, "success")


def _write(conn: connection, attempt: Try, event: str, message: str | None = None) -> None:
    with warehouse.transaction(conn) as cur:
        if event == "started" and warehouse.one(cur, "SELECT to_regclass('audit.events')") is None:
            raise Verdict("The warehouse has no audit trail yet. Run `./airfleet up`, then this task again.")
        warehouse.run(
            cur,
            "audit/add_event",
            dag_id=attempt.dag_id,
            task_id=attempt.task_id,
            run_id=attempt.run_id,
            try_number=attempt.try_number,
            event=event,
            code_version=code_version(),
            source_sha256=attempt.source_sha256,
            rows_in=attempt.rows_in,
            rows_out=attempt.rows_out,
            message=message[:_MESSAGE_CHARS] if message else None,
        )


def tries(
    conn: connection,
    *,
    dag_id: str | None = None,
    run_id: str | None = None,
    outcome: str | None = None,
    count: int = 50,
) -> list[dict[str, Any]]:
    """The newest *count* task tries, newest first, narrowed by Dag, run and outcome."""
    with warehouse.transaction(conn) as cur:
        if warehouse.one(cur, "SELECT to_regclass('audit.events')") is None:
            raise Verdict("The warehouse has no audit trail yet. Run `./airfleet up`.")
        rows = warehouse.run(cur, "audit/tries", dag_id=dag_id, run_id=run_id, outcome=outcome, count=count)
    return [dict(zip(TRY_FIELDS, row, strict=True)) for row in rows]
