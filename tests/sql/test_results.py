"""Celery's results are stored with one statement, and are what Celery itself would have stored."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from celery.backends import database
from celery.backends.database import DatabaseBackend
from celery.result import AsyncResult
from sqlalchemy import Engine, event
from support.postgres import Server

from airfleet.runtime.patches.changes import results


class Changed(DatabaseBackend):
    """Celery's backend with the change, which leaves Celery's own as it is."""


results.store_at_once(SimpleNamespace(DatabaseBackend=Changed, retry=database.retry))


@pytest.fixture
def app(server: Server) -> Iterator[Celery]:
    url = server.url(server.make_database())
    made = Celery(broker="memory://", backend=f"db+{url}", set_as_current=False)
    yield made
    made.close()


def _backend(app: Celery, kind: type[DatabaseBackend]) -> Any:
    backend = kind(app=app, url=app.backend.url)
    # As in the forked processes of a worker's pool.
    backend.session_manager.forked = True
    return backend


def _read(app: Celery, task: str) -> tuple[Any, ...]:
    result = AsyncResult(task, app=app)
    return result.state, result.result, result.traceback


@pytest.mark.parametrize("kind", [DatabaseBackend, Changed])
def test_a_result_is_read_as_it_was_stored(app: Celery, kind: type[DatabaseBackend]) -> None:
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
    assert (state, str(result), traceback) == ("FAILURE", "no", "where")


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
