"""What a webserver imports before its database is made needs none, and is what it would import anyway."""

import importlib.util

import pytest
from support.fresh_python import ask

from airfleet.stack.embedded.ahead import MODULES


@pytest.mark.parametrize("module", MODULES)
def test_a_module_that_is_imported_ahead_is_there(module: str) -> None:
    assert importlib.util.find_spec(module) is not None


def test_nothing_is_asked_of_the_database_meanwhile() -> None:
    loaded = """
        import psycopg2

        def connect(*args, **kwargs):
            raise SystemExit("a database was asked for")

        psycopg2.connect = connect
        from airfleet.stack.embedded import ahead

        ahead.load()
        from airflow.api_fastapi.core_api.routes.public import public_router
        print(len(public_router.routes) > 100)
    """
    assert ask(loaded) == "True"
