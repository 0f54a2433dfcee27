"""An upgrade is rehearsed beside the running stack, and leaves nothing behind."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from psycopg2.extensions import connection as Connection
from support.checkout import Checkout, hear

import airflow
from airfleet.operate.upgrade import probe, scratch
from airfleet.stack.embedded.instances import process_environment
from airfleet.stack.embedded.stack import EmbeddedStack

Connect = Callable[..., Connection]
BROKEN = '''
"""Imports what no version has."""
from airflow.sdk import dag, no_such_thing
'''
# What the running stack itself writes all the time.
LIVELY = ("airflow/logs", "data", *(f".airfleet/{name}" for name in ("logs", "run", "servers", "mail", "supervisord")))
# Empty; it holds off a second check.
LOCK = ".airfleet/upgrade.lock"


@pytest.fixture
def untouched(checkout: Checkout, stack: EmbeddedStack, connect: Connect, first_up: str) -> Iterator[None]:
    """Fails when databases, roles, tables, .env, files or the stack's processes are not as they were before."""

    def look() -> dict[str, Any]:
        command, login = stack.postgres_program("pg_dump")
        schema = subprocess.run(
            [*command, "--schema-only", "--restrict-key=same", "--dbname=airflow"],
            env=os.environ | login,
            capture_output=True,
            check=True,
        )
        return {
            "databases": _rows(connect, "SELECT datname FROM pg_database ORDER BY 1"),
            "roles": _rows(connect, "SELECT rolname, rolpassword FROM pg_authid ORDER BY 1"),
            "schema": schema.stdout,
            "migrations": [
                *_rows(connect, "SELECT version_num FROM alembic_version", "airflow"),
                *_rows(connect, "SELECT version_num FROM alembic_version_fab", "airflow"),
            ],
            "rights": _rows(connect, "SELECT * FROM ab_permission_view_role ORDER BY 1", "airflow"),
            "files": dict(_files(checkout.root)),
            "pids": {state["name"]: state["pid"] for state in checkout.json("status")},
        }

    before = look()
    yield
    after = look()
    for what, value in before.items():
        assert after[what] == value, what


def _rows(connect: Connect, sql: str, database: str = "postgres") -> list[Any]:
    with connect("postgres", database).cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def _files(root: Path) -> Iterator[tuple[str, str]]:
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if not path.is_file() or name.startswith(LIVELY) or name == LOCK or "__pycache__" in name:
            continue
        stat = path.stat()
        installed = name.startswith(".venv/")
        yield name, f"{stat.st_size} {stat.st_mtime_ns}" if installed else hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def new_key(checkout: Checkout) -> Iterator[str]:
    """A key that the version has and this .env has not."""
    example = checkout.root / ".env.example"
    documented = example.read_text()
    example.write_text(f"{documented}# A number.\nNEW_IN_IT=7\n")
    yield "NEW_IN_IT"
    example.write_text(documented)


@pytest.mark.usefixtures("untouched")
def test_the_same_version_would_go_through_and_what_a_killed_check_left_is_taken_away(
    checkout: Checkout, connect: Connect, new_key: str
) -> None:
    with connect("postgres", "postgres").cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {scratch.NAME}")
    (checkout.root / ".airfleet" / "upgrade-check").mkdir()
    said = checkout.airfleet("upgrade", "--check").stdout
    assert "no pending migration" in said
    assert "would not be active" not in said
    assert "weekly_full_pipeline" in said
    assert f"new key of .env, which ./airfleet init adds: {new_key}" in said
    assert "An upgrade to the working tree would succeed" in said


# Each real check makes an environment of its own, which takes half a minute: CI makes the one above.
@pytest.mark.nightly
@pytest.mark.usefixtures("untouched")
def test_a_dag_that_the_version_cannot_parse_is_named(checkout: Checkout) -> None:
    broken = checkout.root / "airflow" / "dags" / "broken_by_it.py"
    broken.write_text(BROKEN)
    try:
        said = checkout.airfleet("upgrade", "--check", check=False)
    finally:
        broken.unlink()
    assert said.returncode == 1
    assert "airflow/dags/broken_by_it.py:3: ImportError: cannot import name 'no_such_thing'" in said.stderr
    assert "would fail; nothing was changed" in said.stderr


@pytest.mark.parametrize(
    "step", ["making its environment", pytest.param("looking for pending migrations", marks=pytest.mark.nightly)]
)
@pytest.mark.usefixtures("untouched")
def test_an_interrupted_check_leaves_no_copy(checkout: Checkout, connect: Connect, step: str) -> None:
    started = checkout.start("upgrade", "--check")
    hear(started, step)
    os.kill(started.pid, signal.SIGTERM)
    said, _ = started.communicate(timeout=120)
    assert started.returncode == 130, said
    assert not _rows(connect, f"SELECT 1 FROM pg_database WHERE datname = '{scratch.NAME}'")
    assert not (checkout.root / ".airfleet" / "upgrade-check").exists()


@pytest.mark.usefixtures("untouched")
def test_a_migration_that_a_database_has_not_seen_is_named(checkout: Checkout, stack: EmbeddedStack) -> None:
    last = ScriptDirectory(str(Path(airflow.__file__).parent / "migrations")).get_revision("head")
    assert last is not None
    with scratch.copy(stack) as address:
        command, login = stack.postgres_program("psql")
        older = f"UPDATE alembic_version SET version_num = '{last.down_revision}'"
        subprocess.run(
            [*command, "--dbname", scratch.NAME, "--command", older],
            env=os.environ | login,
            check=True,
            capture_output=True,
        )
        variables = process_environment(stack.paths) | {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": address}
        asked = [sys.executable, "-P", probe.__file__, str(checkout.root / ".env")]
        done = subprocess.run(asked, env=variables, capture_output=True, text=True, check=True)
    assert [line.partition(":")[0] for line in json.loads(done.stdout)["pending"]] == [f"airflow {last.revision}"]


def test_without_check_it_says_how_to_upgrade(checkout: Checkout, first_up: str) -> None:
    said = checkout.airfleet("upgrade", check=False)
    assert said.returncode == 1
    assert "git pull" in said.stderr
