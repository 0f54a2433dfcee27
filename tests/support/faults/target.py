"""The stack under fault, as the workload and the invariant see it: its API, its databases and its queue."""

import configparser
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import redis
from psycopg2.extensions import connection as Connection
from support.checkout import Checkout, wait_until

from airfleet.config.paths import Paths
from airfleet.config.settings import Settings
from airfleet.operate.airflow_api import AirflowApi

WORKLOAD = Path(__file__).resolve().parents[2] / "faults" / "workload_dag.py"
DAGS = ("faults", "faults_deferred", "faults_greedy")
QUEUE = "default"
TABLES = """
CREATE SCHEMA IF NOT EXISTS faults;
CREATE TABLE IF NOT EXISTS faults.written (dag_id text, run_id text, number int, part int, value text);
CREATE TABLE IF NOT EXISTS faults.commits (dag_id text, run_id text, number int, try_number int, pid int);
CREATE TABLE IF NOT EXISTS faults.starts (dag_id text, run_id text, number int, try_number int, pid int);
"""
Address = tuple[str, int]


@dataclass
class Target(ABC):
    """One running stack; an engine adds where its servers listen, and the ways to hurt it."""

    checkout: Checkout
    settings: Settings
    _connections: dict[str, Connection] = field(default_factory=dict, kw_only=True)

    @abstractmethod
    def postgres(self) -> Address:
        """Return where Postgres takes the logins of the stack's own roles."""

    @abstractmethod
    def redis(self) -> Address:
        """Return where Redis listens."""

    def prepare(self) -> None:
        """Put the workload's Dags and tables in place."""
        self.execute(TABLES)
        self.checkout.add_dag("faults_workload", WORKLOAD.read_text())
        with self.api() as api:
            for dag_id in DAGS:
                wait_until(f"{dag_id} is seen", lambda name=dag_id: api.dag(name), timeout_s=180)  # type: ignore[misc]
                api.unpause(dag_id)

    def api(self) -> AirflowApi:
        """Return a client of the webserver, logged in as the administrator."""
        return AirflowApi(self.settings)

    def rows(self, sql: str, *values: object, database: str = "airflow") -> list[tuple[Any, ...]]:
        """Return what *sql* selects from the metadata database or the warehouse; waits for a Postgres that is away."""
        deadline = time.monotonic() + 120
        while True:
            try:
                # One connection for all questions: a login costs Postgres more than any of them.
                connection = self._connections.get(database) or self._connect(database)
                with connection, connection.cursor() as cursor:
                    cursor.execute(sql, values)
                    return cursor.fetchall() if cursor.description else []
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                self._connections.pop(database, None)
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.25)

    def _connect(self, database: str) -> Connection:
        user, password = {
            "airflow": ("airflow_metadata", self.settings.metadata_password),
            "warehouse": ("warehouse_loader", self.settings.warehouse_loader_password),
        }[database]
        host, port = self.postgres()
        self._connections[database] = psycopg2.connect(
            host=host,
            port=port,
            user=user,
            password=password.get_secret_value(),
            dbname=database,
            connect_timeout=5,
        )
        return self._connections[database]

    def execute(self, sql: str) -> None:
        """Run *sql* in the warehouse."""
        self.rows(sql, database="warehouse")

    def broker(self) -> "redis.Redis[str]":
        """Return a client of Redis as the user of monitoring, which may only look."""
        host, port = self.redis()
        return redis.Redis(
            host=host,
            port=port,
            username="monitoring",
            password=self.settings.redis_monitoring_password.get_secret_value(),
            decode_responses=True,
            socket_timeout=5,
        )

    def messages(self) -> dict[str, int]:
        """Return how many messages wait in the queue, and how many were taken and not acknowledged."""
        with self.broker() as client:
            return {
                "queued": int(client.llen(QUEUE)),  # type: ignore[arg-type]
                "taken": int(client.hlen("unacked")),  # type: ignore[arg-type]
                "index": int(client.zcard("unacked_index")),  # type: ignore[arg-type]
            }

    def change_settings(self, changes: Mapping[str, str]) -> dict[str, str]:
        """Set `section.option` keys of airflow.cfg, which roles read when they start, and return the old values."""
        path = Paths(self.checkout.root).airflow_cfg
        config = configparser.ConfigParser(interpolation=None)
        config.read(path)
        old = {}
        for key, value in changes.items():
            section, option = key.split(".")
            old[key] = config.get(section, option, fallback="")
            config.set(section, option, value)
        with path.open("w") as file:
            config.write(file)
        return old
