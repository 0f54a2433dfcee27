"""Whether a task waits to be queued is seen in its state, whatever else the table holds."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from support.postgres import Server

from airfleet.runtime.patches.changes.queueing import is_any_scheduled


@pytest.fixture
def session(server: Server) -> Iterator[Session]:
    engine = create_engine(server.engine_url(server.make_database()))
    with Session(engine) as session:
        # Of Airflow's table, what is looked at.
        session.execute(text("CREATE TABLE task_instance (id uuid DEFAULT gen_random_uuid(), state text)"))
        yield session
    engine.dispose()


def test_only_a_task_in_the_state_scheduled_waits_to_be_queued(session: Session) -> None:
    assert not is_any_scheduled(session)
    session.execute(text("INSERT INTO task_instance (state) VALUES (NULL), ('queued'), ('running'), ('success')"))
    assert not is_any_scheduled(session)
    session.execute(text("INSERT INTO task_instance (state) VALUES ('scheduled')"))
    assert is_any_scheduled(session)
