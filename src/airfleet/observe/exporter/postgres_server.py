"""The source for the Postgres server itself."""

from __future__ import annotations

from airfleet.metrics import database as m
from airfleet.observe.exporter.collector import Samples
from airfleet.observe.exporter.queries import Database


class Postgres:
    """Sizes, connections, transactions and the oldest open one."""

    name = "postgres"

    def __init__(self, database: Database) -> None:
        """Look through *database*, a connection of this source's own."""
        self._database = database

    def look(self, samples: Samples) -> None:
        """Add every metric of the server."""
        for row in self._database.rows("postgres"):
            name = row["datname"]
            if row["bytes"] is not None:
                samples.add(m.POSTGRES_SIZE, row["bytes"], name)
            samples.add(m.POSTGRES_CONNECTIONS, row["numbackends"], name)
            samples.add(m.POSTGRES_TRANSACTIONS, row["xact_commit"], name, "commit")
            samples.add(m.POSTGRES_TRANSACTIONS, row["xact_rollback"], name, "rollback")
            samples.add(m.POSTGRES_DEADLOCKS, row["deadlocks"], name)
        (server,) = self._database.rows("postgres_server")
        samples.add(m.POSTGRES_CONNECTIONS_MAX, server["connections_limit"])
        samples.add(m.POSTGRES_OLDEST, server["oldest_s"])
        samples.add(m.POSTGRES_UP, 1)
