"""The audit trail is append-only for the loader, and each role may do what it is for."""

from __future__ import annotations

import threading
from pathlib import Path

import psycopg2
import pytest
from psycopg2.errors import InsufficientPrivilege, ObjectNotInPrerequisiteState

from retail import audit, first_run
from retail.errors import Verdict


def attempt(task: str = "load", number: int = 1) -> audit.Try:
    return audit.Try("weekly", task, "run", number)


def test_each_try_is_one_row_with_its_outcome_failures_included(shop) -> None:
    conn = shop.connect()
    with audit.recorded(conn, attempt(number=1)) as row:
        row.source_sha256, row.rows_in, row.rows_out = "ab" * 32, 10, 9
    with pytest.raises(Verdict), audit.recorded(conn, attempt(number=2)):
        raise Verdict("too low")
    with pytest.raises(KeyError), audit.recorded(conn, attempt(number=3)):
        raise KeyError("gone")
    with pytest.raises(KeyboardInterrupt), audit.recorded(conn, attempt(number=4)):
        raise KeyboardInterrupt
    audit._write(conn, attempt(number=5), "started")  # and then it is killed
    found = {row["try_number"]: row for row in audit.tries(conn, run_id="run")}
    outcomes = {number: row["outcome"] for number, row in found.items()}
    assert outcomes == {1: "success", 2: "verdict", 3: "error", 4: "error", 5: "unfinished"}
    assert (found[1]["rows_in"], found[1]["rows_out"], found[1]["source_sha256"]) == (10, 9, "ab" * 32)
    assert found[2]["message"] == "too low"
    assert "gone" in found[3]["message"]
    assert {row["code_version"] for row in found.values()} == {audit.code_version()}
    assert [row["try_number"] for row in audit.tries(conn, outcome="verdict")] == [2]


def test_a_failed_works_rollback_leaves_its_audit_row(shop) -> None:
    trail, work = shop.connect(), shop.connect()
    with pytest.raises(Verdict), audit.recorded(trail, attempt()), work, work.cursor() as cur:
        cur.execute("INSERT INTO raw.loads (run_id, kind, row_count, seconds) VALUES ('x', 'files', 1, 1)")
        raise Verdict("no")
    assert shop.query("SELECT count(*) FROM raw.loads") == [(0,)]
    assert shop.query("SELECT outcome FROM audit.task_tries") == [("verdict",)]


FORBIDDEN = [
    "UPDATE audit.events SET event = 'success'",
    "DELETE FROM audit.events",
    "TRUNCATE audit.events",
    "DROP TABLE audit.events",
    "DROP SCHEMA audit CASCADE",
    "ALTER TABLE audit.events OWNER TO warehouse_loader",
    "ALTER TABLE audit.events DISABLE TRIGGER ALL",
    "CREATE TRIGGER t BEFORE INSERT ON audit.events FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE RULE r AS ON INSERT TO audit.events DO INSTEAD NOTHING",
    "SET ROLE warehouse_audit",
    "GRANT warehouse_audit TO warehouse_loader",
    "CREATE TABLE audit.other (a int)",
    "CREATE OR REPLACE VIEW audit.task_tries AS SELECT 1",
    *(
        f"INSERT INTO audit.events ({column}, dag_id, task_id, run_id, try_number, event, code_version)"
        f" OVERRIDING SYSTEM VALUE VALUES ({value}, 'd', 't', 'r', 1, 'success', 'c')"
        for column, value in (("at", "'2020-01-01'"), ("by_role", "'postgres'"), ("event_id", "1000000"))
    ),
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_loader_cannot_touch_what_the_trail_holds(shop, statement: str) -> None:
    conn = shop.connect()
    with audit.recorded(conn, attempt()):
        pass
    with pytest.raises(InsufficientPrivilege):
        shop.query(statement)
    assert shop.query("SELECT outcome FROM audit.task_tries") == [("success",)]


@pytest.mark.parametrize("table", ["raw.files", "core.sales", "quarantine.rows", "quality.runs", "marts.daily_sales",
                                   "audit.task_tries"])  # fmt: skip
def test_the_reader_reads_everything_and_writes_nothing(shop, table: str) -> None:
    assert shop.query(f"SELECT count(*) FROM {table}", "warehouse_reader") == [(0,)]
    for statement in (f"DELETE FROM {table}", "CREATE TABLE public.x (a int)", "CREATE SCHEMA x"):
        # A joined view refuses a DELETE for what it is, before rights are looked at.
        with pytest.raises((InsufficientPrivilege, ObjectNotInPrerequisiteState)):
            shop.query(statement, "warehouse_reader")


def environment(server, name: str, folder: Path) -> dict[str, str]:
    return {
        "WAREHOUSE_URL": server.url(name, "warehouse_loader"),
        "WAREHOUSE_ADMIN_URL": server.url(name),
        "RETAIL_DATA_DIR": str(folder),
    }


def test_the_first_run_prepares_everything_is_silent_the_second_time_and_safe_twice_at_once(server, tmp_path) -> None:
    name = server.make_database()
    try:
        server.execute(name, f"GRANT CREATE, CONNECT, TEMPORARY ON DATABASE {name} TO warehouse_loader")
        env = environment(server, name, tmp_path)
        said: list[str] = []
        threads = [threading.Thread(target=lambda: said.extend(first_run.prepare(env))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert sorted(said) == [
            "source files: 9 with 60,495 rows",
            "warehouse: 0001_warehouse",
            "warehouse: 0002_unchecked_file_ids",
            "warehouse: 0003_own_moments",
        ]
        assert first_run.prepare(env) == []
        assert first_run.prepare(env | {"WAREHOUSE_ADMIN_URL": ""}) == []
    finally:
        server.drop_database(name)


def test_the_first_run_says_what_it_lacks(server, tmp_path) -> None:
    with pytest.raises(Verdict, match="WAREHOUSE_URL is not set"):
        first_run.prepare({})
    name = server.make_database()
    try:
        server.execute(name, f"GRANT CREATE ON DATABASE {name} TO warehouse_loader")
        env = environment(server, name, tmp_path) | {"WAREHOUSE_ADMIN_URL": ""}
        with pytest.raises(Verdict, match="WAREHOUSE_ADMIN_URL"):
            first_run.prepare(env)
    finally:
        server.drop_database(name)
    with pytest.raises(psycopg2.OperationalError):
        first_run.prepare(env)
