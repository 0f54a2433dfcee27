"""A pooled connection is looked at before its use, and one that Postgres has closed is replaced."""

import os
import select
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.engine import Engine
from support.postgres import Server

from airfleet.runtime.patches.changes.pings import is_quiet, looking_first

PID = "SELECT pg_backend_pid()"
ARRIVES_S = 10.0


class Counting(PGDialect_psycopg2):
    """A dialect that counts the queries it asks connections with."""

    supports_statement_cache = True
    asked = 0

    def _ping(self, connection: object) -> bool:
        Counting.asked += 1
        return bool(PGDialect_psycopg2.do_ping(self, connection))

    do_ping = looking_first(_ping)


@pytest.fixture
def pool(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr(Counting, "asked", 0)
    engine = create_engine(server.engine_url(), pool_size=1, max_overflow=0, pool_pre_ping=True)
    # Every connection of the pool belongs to the engine's one dialect.
    engine.dialect.__class__ = Counting
    yield engine
    engine.dispose()


def _backend(pool: Engine) -> int:
    with pool.connect() as connection:
        return int(connection.execute(text(PID)).scalar_one())


def _listening(pool: Engine) -> tuple[int, int]:
    """Return the backend of the pool's connection, which waits for news, and its socket."""
    with pool.connect() as connection:
        connection.execute(text("LISTEN news"))
        backend = connection.execute(text(PID)).scalar_one()
        connection.commit()
        driver: Any = connection.connection.driver_connection
        return backend, driver.fileno()


def _arrives(socket: int) -> bool:
    return bool(select.select([socket], [], [], ARRIVES_S)[0])


def test_a_connection_that_is_well_is_used_again_and_not_asked(pool: Engine) -> None:
    assert len({_backend(pool) for _ in range(5)}) == 1
    assert Counting.asked == 0


def test_a_connection_that_postgres_closed_is_replaced_before_it_is_used(pool: Engine, server: Server) -> None:
    first, socket = _listening(pool)
    server.execute("postgres", f"SELECT pg_terminate_backend({first})")
    assert _arrives(socket)
    assert _backend(pool) != first
    assert Counting.asked == 1


def test_a_connection_with_something_to_tell_is_asked_and_kept(pool: Engine, server: Server) -> None:
    first, socket = _listening(pool)
    server.execute("postgres", "NOTIFY news")
    assert _arrives(socket)
    assert _backend(pool) == first
    assert Counting.asked == 1


def test_a_socket_whose_other_end_is_gone_is_not_quiet() -> None:
    reading, writing = os.pipe()
    assert is_quiet(reading)
    os.close(writing)
    assert not is_quiet(reading)
    os.close(reading)
