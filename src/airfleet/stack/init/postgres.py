"""Databases and roles in Postgres, one for each use."""

import socket
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.errors import OperationalError
from psycopg2.extensions import connection as Connection
from pydantic import SecretStr

from airfleet.config.errors import AirfleetError
from airfleet.config.settings import Settings
from airfleet.stack.roles import postgres_dsn

# Owner of each database.
DATABASES = {
    "airflow": "airflow_metadata",
    "airflow_results": "airflow_results",
    "warehouse": "postgres",
}
# The setting with each role's password.
_KEYS = {
    "postgres": "postgres_password",
    "airflow_metadata": "metadata_password",
    "airflow_results": "results_password",
    "warehouse_loader": "warehouse_loader_password",
    "warehouse_reader": "warehouse_reader_password",
    "monitoring_reader": "monitoring_reader_password",
}
# Two inits at once take turns.
_LOCK = 0x61697266
_RETRY_S = 0.5


def _passwords(settings: Settings) -> dict[str, Any]:
    return {role: getattr(settings, key) for role, key in _KEYS.items() if role != "postgres"}


def connect(settings: Settings, server: tuple[str, int], database: str = "postgres") -> Connection:
    """Open a connection as superuser, in autocommit."""
    dsn = postgres_dsn("postgres", settings.postgres_password, server, database)
    opened = psycopg2.connect(dsn, connect_timeout=5, application_name="airfleet-init")
    opened.autocommit = True
    return opened


def replace_superuser_password(settings: Settings, earlier: str, server: tuple[str, int], timeout_s: float) -> None:
    """Change the superuser's password from the *earlier* one to that of *settings*; safe when that was done before."""
    before = settings.model_copy(update={"postgres_password": SecretStr(earlier)})
    try:
        wait_for_server(before, server, timeout_s)
    except AirfleetError:
        # It may have the new password from an interrupted rotation; this raises when it has neither.
        wait_for_server(settings, server, timeout_s)
        return
    opened = connect(before, server)
    try:
        with opened.cursor() as cursor:
            cursor.execute("ALTER ROLE postgres PASSWORD %s", (settings.postgres_password.get_secret_value(),))
    finally:
        opened.close()


def end_sessions(admin: Connection, keys: Collection[str]) -> None:
    """End sessions that were opened with the earlier passwords of *keys*, so that a leaked password gives no access."""
    roles = [role for role, key in _KEYS.items() if key.upper() in keys]
    with admin.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = ANY(%s) AND pid <> pg_backend_pid()",
            (roles,),
        )


def listens(server: tuple[str, int]) -> bool:
    """Return whether anything answers at the address of Postgres."""
    try:
        socket.create_connection(server, timeout=5).close()
    except OSError:
        return False
    return True


def wait_for_server(settings: Settings, server: tuple[str, int], timeout_s: float) -> None:
    """Return when Postgres takes the superuser's password.

    Raises AirfleetError at once when it refuses the password, and after *timeout_s* when it does not answer.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            connect(settings, server).close()
            return
        except OperationalError as error:
            said = str(error).strip()
        if "password authentication failed" in said:
            raise AirfleetError(
                "Postgres refuses POSTGRES_PASSWORD for its superuser `postgres`. The databases were made with"
                " another one: put that one back into .env, or delete the databases with"
                " `./airfleet down --volumes --yes`."
            )
        if time.monotonic() > deadline:
            raise AirfleetError(f"Postgres at {server[0]}:{server[1]} does not answer: {said}. See its log.")
        time.sleep(_RETRY_S)


@contextmanager
def one_at_a_time(opened: Connection) -> Iterator[Connection]:
    """Hold init's lock on this server; closes *opened*, the connection that holds it, at the end."""
    try:
        with opened.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        yield opened
    finally:
        opened.close()


def create_databases(settings: Settings, connection: Connection) -> None:
    """Create the roles, with the passwords of *settings*, and the databases, and close each database to other roles."""
    with connection.cursor() as cursor:
        for role, password in _passwords(settings).items():
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
            verb = "ALTER" if cursor.fetchone() else "CREATE"
            # Roles have only the permissions given here.
            statement = sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %s")
            cursor.execute(statement.format(sql.SQL(verb), sql.Identifier(role)), (password.get_secret_value(),))
        for database, owner in DATABASES.items():
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
            if not cursor.fetchone():
                statement = sql.SQL("CREATE DATABASE {} OWNER {}")
                cursor.execute(statement.format(sql.Identifier(database), sql.Identifier(owner)))
        cursor.execute(resources.files(__package__).joinpath("databases.sql").read_text())
    for database, owner in DATABASES.items():
        # From Postgres 15 on `public` belongs to the database's owner by pg_database_owner, but others may use it.
        grants = sql.SQL("REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT ALL ON SCHEMA public TO {}")
        _execute(settings, connection, database, grants.format(sql.Identifier(owner)))


def _execute(settings: Settings, like: Connection, database: str, statement: sql.Composable) -> None:
    server = (like.info.host, like.info.port)
    opened = connect(settings, server, database)
    try:
        with opened.cursor() as cursor:
            cursor.execute(statement)
    finally:
        opened.close()


def grant_monitoring(settings: Settings, server: tuple[str, int]) -> None:
    """Let the monitoring role read the migrated metadata database."""
    opened = connect(settings, server, "airflow")
    try:
        with opened.cursor() as cursor:
            cursor.execute(resources.files(__package__).joinpath("monitoring_grants.sql").read_text())
    finally:
        opened.close()
