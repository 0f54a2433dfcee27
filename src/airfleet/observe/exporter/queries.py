"""The exporter's SQL, from the files beside this module, over a connection that cannot write."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extras import RealDictCursor

Row = dict[str, Any]


@cache
def sql(name: str) -> str:
    """Return the text of ``sql/<name>.sql``."""
    return (Path(__file__).parent / "sql" / f"{name}.sql").read_text()


class Database:
    """One connection, opened again after any failure.

    The session is read-only, a statement is given up after *timeout_s* seconds, and each query commits, so that no
    transaction stays open between reads.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        """Connect at the first query; *url* may carry SQLAlchemy's driver name."""
        self._url = url.replace("postgresql+psycopg2://", "postgresql://", 1)
        self._timeout_s = timeout_s
        self._connection: Any = None

    def rows(self, name: str, **parameters: object) -> list[Row]:
        """Run ``sql/<name>.sql`` with *parameters* and return its rows; a failure closes the connection."""
        try:
            if self._connection is None:
                self._connection = self._connect()
            with self._connection, self._connection.cursor(cursor_factory=RealDictCursor) as cursor:
                cursor.execute(sql(name), parameters)
                return [dict(row) for row in cursor.fetchall()]
        except psycopg2.Error:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; the next query makes another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connect(self) -> Any:
        timeout_ms = int(self._timeout_s * 1000)
        return psycopg2.connect(
            self._url,
            connect_timeout=max(2, int(self._timeout_s)),
            application_name="airfleet-exporter",
            options=f"-c default_transaction_read_only=on -c statement_timeout={timeout_ms}",
            # A server that disappears without closing the connection is noticed within about two intervals.
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=2,
            tcp_user_timeout=timeout_ms,
        )
