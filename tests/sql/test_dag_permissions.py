"""A Dag whose permissions are all there is not looked at further, and any other is Airflow's own affair."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.fab.auth_manager.models import Action, Permission, Resource
from airflow.providers.fab.www.security_appless import ApplessAirflowSecurityManager
from sqlalchemy import create_engine, delete, select
from sqlalchemy.orm import Session
from support.postgres import Server

from airfleet.runtime.patches.changes.dag_permissions import missing, unless_there

TABLES = [model.__table__ for model in (Action, Resource, Permission)]


@pytest.fixture
def session(server: Server) -> Iterator[Session]:
    engine = create_engine(server.engine_url())
    Permission.metadata.create_all(engine, tables=TABLES)
    with Session(engine) as session:
        yield session
        session.rollback()
    Permission.metadata.drop_all(engine, tables=TABLES)
    engine.dispose()


def test_what_airflow_makes_for_a_dag_is_all_that_is_looked_for(session: Session) -> None:
    assert missing("sales", session)
    ApplessAirflowSecurityManager(session=session).sync_perm_for_dag("sales", None)
    assert not missing("sales", session)
    assert missing("stock", session), "another Dag's are of no use to it"


def test_one_that_is_gone_is_missed(session: Session) -> None:
    ApplessAirflowSecurityManager(session=session).sync_perm_for_dag("sales", None)
    (one, *_) = session.scalars(select(Permission.id)).all()
    session.execute(delete(Permission).where(Permission.id == one))
    assert missing("sales", session)


@pytest.mark.parametrize(
    ("access_control", "lacks", "synced"),
    [(None, False, False), (None, True, True), ({"Viewer": {"DAGs": {"can_edit"}}}, False, True), ({}, False, True)],
)
def test_airflow_sees_to_a_dag_that_lacks_some_or_says_who_has_them(
    access_control: dict[str, Any] | None, lacks: bool, synced: bool
) -> None:
    seen: list[str] = []
    sync = unless_there(lambda dag, session: seen.append(dag.dag_id), lambda dag_id, session: lacks)
    sync(SimpleNamespace(dag_id="sales", access_control=access_control), session=None)
    assert seen == ["sales"] * synced
