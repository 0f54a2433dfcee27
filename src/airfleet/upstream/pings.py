"""Look at a database connection's socket before its use instead of asking the database whether it is there.

SQLAlchemy asks with a query of its own each time that a connection is taken from the pool. A connection that Postgres,
or a PgBouncer, has closed has an end to read; nothing is to be read from one that is well, as nobody has asked it
anything. Where anything is there to read, the query is sent as before.

Measured (2026-11-25, `./airfleet bench` before and after): the roles of an idle stack use 0.067 of a core, not 0.073.
"""

import select
from collections.abc import Callable
from types import ModuleType
from typing import Any


def change(module: ModuleType, execute: Callable[[], None]) -> None:
    """Execute SQLAlchemy's *module*, and let psycopg2's connections be looked at."""
    execute()
    dialect: Any = module.PGDialect_psycopg2
    dialect.do_ping = looking_first(dialect.do_ping)


def looking_first(ping: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Return *ping*, a dialect's, without its query where the socket of the connection is quiet."""

    def do_ping(self: Any, connection: Any) -> bool:
        if not connection.closed and is_quiet(connection.fileno()):
            return True
        return ping(self, connection)

    return do_ping


def is_quiet(socket: int) -> bool:
    """Return whether the file descriptor *socket* has neither data, nor an end, nor an error to tell."""
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return not poll.poll(0)
