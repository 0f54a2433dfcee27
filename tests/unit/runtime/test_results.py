"""A scheduler keeps its connection to Celery's results."""

from types import SimpleNamespace

import pytest
from celery.backends.database import session
from sqlalchemy.pool import NullPool

from airfleet.runtime.patches.changes import results


@pytest.fixture
def manager() -> type[session.SessionManager]:
    return type("Changed", (session.SessionManager,), {})


def test_celerys_own_manager_makes_a_connection_for_each_look() -> None:
    plain = session.SessionManager()
    assert isinstance(plain.get_engine("sqlite://").pool, NullPool)


def test_the_changed_manager_keeps_one_engine(manager: type[session.SessionManager]) -> None:
    results.keep_connection(SimpleNamespace(SessionManager=manager))
    changed = manager()
    assert changed.get_engine("sqlite://") is changed.get_engine("sqlite://")
    assert not isinstance(changed.get_engine("sqlite://").pool, NullPool)


def test_a_connection_that_broke_is_replaced(manager: type[session.SessionManager]) -> None:
    results.keep_connection(SimpleNamespace(SessionManager=manager))
    changed = manager()
    before = changed.get_engine("sqlite://")
    changed.invalidate("sqlite://")
    assert changed.get_engine("sqlite://") is not before
