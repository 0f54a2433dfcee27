"""A real Postgres for these tests: one server, one prepared database copied for each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest

from retail import warehouse
from retail.settings import Settings

sys.path.append(str(Path(__file__).resolve().parents[1]))
from support.postgres import Server
from support.shop import TABLES, write_shop

LOADER, READER = "warehouse_loader", "warehouse_reader"


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    running = Server().start()
    try:
        running.execute("postgres", f"CREATE ROLE {LOADER} LOGIN; CREATE ROLE {READER} LOGIN;")
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def prepared(server: Server) -> str:
    """A database with the shop's schemas and no rows."""
    name = server.make_database()
    server.execute(name, f"GRANT CREATE, CONNECT, TEMPORARY ON DATABASE {name} TO {LOADER}")
    admin, loader = psycopg2.connect(server.url(name)), psycopg2.connect(server.url(name, LOADER))
    warehouse.prepare_audit(admin)
    warehouse.migrate(loader)
    admin.close()
    loader.close()
    return name


@dataclass
class Shop:
    """An empty warehouse of its own and a data folder."""

    server: Server
    database: str
    settings: Settings
    _open: list

    def connect(self, user: str = LOADER):
        conn = psycopg2.connect(self.server.url(self.database, user))
        self._open.append(conn)
        return conn

    @property
    def source(self) -> Path:
        return self.settings.source_dir

    def put(self, name: str, text: str | bytes) -> Path:
        self.source.mkdir(parents=True, exist_ok=True)
        path = self.source / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def query(self, text: str, user: str = LOADER) -> list[tuple]:
        conn = psycopg2.connect(self.server.url(self.database, user))
        try:
            with conn, conn.cursor() as cur:
                cur.execute(text)
                return cur.fetchall() if cur.description else []
        finally:
            conn.close()


@pytest.fixture(scope="session")
def shared(server: Server, prepared: str) -> str:
    """One database for all tests that take `shop`: emptying it costs far less than making and dropping one each."""
    name = server.make_database(prepared)
    server.execute(name, f"GRANT CREATE, CONNECT, TEMPORARY ON DATABASE {name} TO {LOADER}")
    return name


@pytest.fixture
def shop(server: Server, shared: str, tmp_path: Path) -> Iterator[Shop]:
    made = Shop(server, shared, Settings(tmp_path / "data"), [])
    server.execute(shared, f"TRUNCATE {TABLES}, audit.events RESTART IDENTITY CASCADE")
    yield made
    for conn in made._open:
        conn.close()


@pytest.fixture
def small(shop: Shop) -> Shop:
    """A shop with two customers, two products and three sound sales on disk."""
    write_shop(shop.source)
    return shop
