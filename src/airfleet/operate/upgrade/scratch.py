"""A temporary copy of the metadata database on the running server."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from airfleet.config.errors import AirfleetError
from airfleet.stack.init import postgres
from airfleet.stack.protocol import Stack
from airfleet.stack.roles import url

# A fixed name, so that the next check finds and drops the copy that a killed check left.
NAME = "airfleet_upgrade_check"
_OWNER = postgres.DATABASES["airflow"]


@contextmanager
def copy(stack: Stack) -> Iterator[str]:
    """Yield the SQLAlchemy address of a copy of the metadata database; drop the copy at the end."""
    server = stack.addresses.postgres
    admin = postgres.connect(stack.settings, server)
    try:
        _drop(admin)
        with admin.cursor() as cursor:
            statement = sql.SQL("CREATE DATABASE {} OWNER {}")
            cursor.execute(statement.format(sql.Identifier(NAME), sql.Identifier(_OWNER)))
        _fill(stack)
        # With the owner's permissions only, through the superuser's login, as no other login is admitted to this
        # database.
        address = url("postgresql+psycopg2", "postgres", stack.settings.postgres_password, server, NAME)
        yield f"{address}?options=-crole%3D{_OWNER}"
    finally:
        _drop(admin)
        admin.close()


def size_bytes(stack: Stack) -> int:
    """Return the size of the metadata database."""
    admin = postgres.connect(stack.settings, stack.addresses.postgres)
    try:
        with admin.cursor() as cursor:
            cursor.execute("SELECT pg_database_size('airflow')")
            (size,) = cursor.fetchone() or (0,)
            return int(size)
    finally:
        admin.close()


def _drop(admin: Connection) -> None:
    with admin.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(NAME)))


def _fill(stack: Stack) -> None:
    dump, login = stack.postgres_program("pg_dump")
    restore, _ = stack.postgres_program("pg_restore")
    into = ("--no-owner", "--no-acl", f"--role={_OWNER}", "--exit-on-error", f"--dbname={NAME}")
    environment = os.environ | login
    with subprocess.Popen(
        [*dump, "--format=custom", "--dbname=airflow"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as reading:
        written = subprocess.run(
            [*restore, *into], env=environment, stdin=reading.stdout, capture_output=True, text=True, check=False
        )
        assert reading.stderr is not None  # noqa: S101 - for the type checker # nosec B101
        problem = reading.stderr.read().decode(errors="replace")
    if reading.returncode or written.returncode:
        said = " ".join((problem + written.stderr).strip().splitlines()[-3:])
        raise AirfleetError(f"The metadata database could not be copied: {said}")
