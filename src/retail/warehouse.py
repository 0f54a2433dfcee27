"""The warehouse: statements from .sql files, transactions, locks, and the schema's numbered changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from functools import cache
from importlib.resources import files
from typing import Any

from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED, ISOLATION_LEVEL_REPEATABLE_READ, connection, cursor

from retail.errors import Verdict

# The types that callers name, so that only this module knows the driver.
__all__ = ["Lock", "connection", "cursor", "migrate", "one", "run", "run_text", "statement", "transaction"]


# The first key of every advisory lock of the shop, so that it meets no other user's ("shop" in ASCII).
_LOCK_SPACE = 0x73686F70


class Lock(IntEnum):
    """Locks that only one transaction at a time can hold."""

    SCHEMA = 1
    INGEST = 2
    CUSTOMER_SUMMARY = 11
    PRODUCT_SUMMARY = 12
    DAILY_SALES = 13
    MONTHLY_SALES = 14


@cache
def statement(name: str) -> str:
    """The text of sql/*name*.sql."""
    return files("retail").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def statements(folder: str) -> dict[str, str]:
    """Every statement of sql/*folder*, by name, in the names' order."""
    found = [path.name for path in files("retail").joinpath("sql", folder).iterdir()]
    names = sorted(name.removesuffix(".sql") for name in found if name.endswith(".sql"))
    return {name: statement(f"{folder}/{name}") for name in names}


@contextmanager
def transaction(conn: connection, *locks: Lock, snapshot: bool = False) -> Iterator[cursor]:
    """Run one transaction and hold *locks* to its end; *snapshot* makes every statement see the same rows.

    The locks are taken before the first row is read, so the commit of the last holder is visible.
    """
    if conn.autocommit:
        conn.autocommit = False
    level = ISOLATION_LEVEL_REPEATABLE_READ if snapshot else ISOLATION_LEVEL_READ_COMMITTED
    conn.set_session(isolation_level=level)
    try:
        with conn.cursor() as cur:
            cur.execute("SET LOCAL TIME ZONE 'UTC'")
            for lock in sorted(locks):
                cur.execute("SELECT pg_advisory_xact_lock(%s, %s)", (_LOCK_SPACE, lock))
            yield cur
        conn.commit()
    except BaseException:
        # On a lost connection a rollback would also raise, and hide the first error.
        if not conn.closed:
            conn.rollback()
        raise


def run(cur: cursor, name: str, /, **parameters: Any) -> list[tuple[Any, ...]]:
    """Run sql/*name*.sql with named parameters and return its rows, if it has any."""
    return run_text(cur, statement(name), parameters)


def run_text(cur: cursor, text: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    # Without parameters psycopg2 leaves % alone; with them each must be doubled.
    cur.execute(text, parameters or None)
    return cur.fetchall() if cur.description else []


def one(cur: cursor, text: str, parameters: Mapping[str, Any] | None = None) -> Any:
    """The first value of the first row."""
    rows = run_text(cur, text, parameters)
    return rows[0][0] if rows else None


def migrate(conn: connection) -> list[str]:
    """Bring the schema up to date and return the names of the changes that were made; safe twice at once."""
    done = []
    with transaction(conn, Lock.SCHEMA) as cur:
        run(cur, "admin/changes")
        known = {name for (name,) in run_text(cur, "SELECT name FROM shop_meta.changes")}
        for name, text in statements("schema").items():
            if name not in known:
                cur.execute(text)
                cur.execute("INSERT INTO shop_meta.changes (name) VALUES (%s)", (name,))
                done.append(name)
        run(cur, "admin/reader")
    return done


def prepare_audit(admin: connection) -> None:
    """Create the audit trail and its permissions, as the server's administrator; safe twice at once."""
    with transaction(admin, Lock.SCHEMA) as cur:
        run(cur, "admin/audit")


def require_schema(cur: cursor) -> None:
    """Raise Verdict when the warehouse has not been prepared."""
    if one(cur, "SELECT to_regclass('raw.files')") is None:
        raise Verdict("The warehouse has no tables yet. Run `./airfleet up`, then this task again.")


def load_version(cur: cursor) -> int:
    """The version of the load that core shows; 0 before any load."""
    return int(one(cur, "SELECT coalesce(max(version), 0) FROM raw.loads"))
