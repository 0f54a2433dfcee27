"""Celery's results are plain data, stored with one statement, and nothing else is read from their table."""

import pickle
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from celery.backends import database
from celery.exceptions import TaskError
from celery.result import AsyncResult
from sqlalchemy import Engine, event, text
from support.postgres import Server

from airfleet.runtime import results as plain
from airfleet.runtime.patches.changes import results
from airfleet.runtime.results import PlainResults


class Changed(PlainResults):
    """The backend with the change."""


results.store_at_once(SimpleNamespace(DatabaseBackend=Changed, retry=database.retry))


@pytest.fixture
def app(server: Server) -> Iterator[Celery]:
    url = server.url(server.make_database())
    made = Celery(
        config_source={
            "broker_url": "memory://",
            "result_backend": f"db+{url}",
            "override_backends": {"db": "airfleet.runtime.results:PlainResults"},
        },
        set_as_current=False,
    )
    yield made
    made.close()


def _backend(app: Celery, kind: type[PlainResults]) -> Any:
    backend = kind(app=app, url=app.backend.url)
    # As in the forked processes of a worker's pool.
    backend.session_manager.forked = True
    return backend


def _read(app: Celery, task: str) -> tuple[Any, ...]:
    result = AsyncResult(task, app=app)
    return result.state, result.result, result.traceback


@pytest.mark.parametrize("kind", [PlainResults, Changed])
def test_a_result_is_read_as_it_was_stored(app: Celery, kind: type[PlainResults]) -> None:
    backend = _backend(app, kind)
    backend.store_result("it", {"it's": [1, "\N{HOT BEVERAGE}", None]}, "SUCCESS")
    assert _read(app, "it") == ("SUCCESS", {"it's": [1, "\N{HOT BEVERAGE}", None]}, None)
    done = AsyncResult("it", app=app).date_done.replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - done) < timedelta(minutes=1)
    assert _read(app, "another")[0] == "PENDING"


def test_a_later_result_takes_the_place_of_an_earlier_one(app: Celery) -> None:
    backend = _backend(app, Changed)
    backend.store_result("it", None, "STARTED")
    backend.store_result("it", ValueError("no"), "FAILURE", traceback="where")
    state, result, traceback = _read(app, "it")
    assert (state, str(result), traceback) == ("FAILURE", "ValueError: no", "where")


def test_storing_takes_one_statement_and_no_transaction_around_it(app: Celery) -> None:
    backend = _backend(app, Changed)
    backend.store_result("first", None, "SUCCESS")
    engine: Engine = backend.session_manager.get_engine(backend.url)
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: seen.append(call[2]))
    event.listen(engine, "commit", lambda _: seen.append("COMMIT"))
    backend.store_result("second", None, "SUCCESS")
    assert [statement.split()[0] for statement in seen] == ["INSERT"]
    assert _read(app, "second")[0] == "SUCCESS"


def test_a_connection_that_postgres_closed_is_replaced(app: Celery, server: Server) -> None:
    backend = _backend(app, Changed)
    backend.store_result("first", None, "SUCCESS")
    database = backend.session_manager.get_engine(backend.url).url.database
    server.execute("postgres", f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")
    backend.store_result("second", None, "SUCCESS")
    assert _read(app, "second")[0] == "SUCCESS"


class Bomb:
    """Makes the file *path* when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def _write(app: Celery, task: str, status: str, result: bytes | None) -> None:
    """Write a row as a task can with the login of its worker."""
    app.backend.ResultSession().close()
    with app.backend.session_manager.get_engine(app.backend.url).begin() as connection:
        connection.execute(
            text(
                "INSERT INTO celery_taskmeta (id, task_id, status, result)"
                " SELECT nextval('task_id_sequence'), :t, :s, :r"
            ),
            {"t": task, "s": status, "r": result},
        )


def _as_the_scheduler_reads(app: Celery, task: str) -> tuple[str, Any]:
    from airflow.providers.celery.executors.celery_executor_utils import BulkStateFetcher

    state, info = BulkStateFetcher(1, app).get_many([AsyncResult(task, app=app)])[task]
    return str(state), info


@pytest.mark.parametrize("status", ["SUCCESS", "FAILURE"])
def test_a_pickle_in_a_row_is_not_run_and_counts_as_a_failure(
    app: Celery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    made = tmp_path / "made"
    said: list[str] = []
    # Importing Airflow takes every handler of a log away.
    monkeypatch.setattr(plain.log, "error", lambda message, *values: said.append(message % values))
    _write(app, "it", status, pickle.dumps(Bomb(made)))
    assert _as_the_scheduler_reads(app, "it")[0] == "FAILURE"
    assert "'it' is not plain data: it counts as failed" in said[0]
    assert _read(app, "it")[0] == "FAILURE"
    assert not made.exists()


@pytest.mark.parametrize(
    "result",
    [
        b"[" * 100_000,
        b'"text"',
        b"[1, 2]",
        b"{}",
        b'{"exc_type": "system", "exc_module": "os", "exc_message": "touch /tmp/x"}',
        b'{"exc_type": {}, "exc_module": 1, "exc_message": {"a": null}}',
    ],
    ids=["deep", "text", "list", "empty", "function", "nonsense"],
)
def test_a_failure_makes_no_class_that_a_worker_names_and_stops_no_scheduler(app: Celery, result: bytes) -> None:
    _write(app, "it", "FAILURE", result)
    assert _as_the_scheduler_reads(app, "it")[0] == "FAILURE"
    assert type(_read(app, "it")[1]) is TaskError


@pytest.mark.parametrize("kind", ["bigint", "text[]", "jsonb", "double precision"])
def test_a_column_of_another_type_stops_no_scheduler(app: Celery, kind: str) -> None:
    app.backend.ResultSession().close()
    value = {"bigint": "9000000000000000000", "text[]": "{a,b}", "jsonb": "{}", "double precision": "1.5"}[kind]
    with app.backend.session_manager.get_engine(app.backend.url).begin() as connection:
        connection.execute(text("ALTER TABLE celery_taskmeta DROP COLUMN result"))
        connection.execute(text(f"ALTER TABLE celery_taskmeta ADD COLUMN result {kind} DEFAULT '{value}'"))
        connection.execute(text("INSERT INTO celery_taskmeta (id, task_id, status) VALUES (1, 'it', 'SUCCESS')"))
    assert _as_the_scheduler_reads(app, "it")[0] == "FAILURE"


def test_a_row_that_celerys_own_backend_stored_keeps_its_meaning(app: Celery) -> None:
    own = database.DatabaseBackend(app=app, url=app.backend.url)
    own.store_result("good", None, "SUCCESS")
    own.store_result("bad", ValueError("no"), "FAILURE")
    assert [_as_the_scheduler_reads(app, task)[0] for task in ("good", "bad")] == ["SUCCESS", "FAILURE"]


def test_a_result_that_is_not_json_is_stored_as_its_text(app: Celery) -> None:
    app.backend.store_result("it", {1: Path("/a")}, "SUCCESS")
    assert _read(app, "it")[:2] == ("SUCCESS", {"1": repr(Path("/a"))})
