"""Modules of Airflow that are changed as they are imported, each looked at in a process of its own."""

from support.fresh_python import ask

WEBSERVER, WORKER = "airflow api-server", "airflow celery worker"
SOURCE = """
@task.virtualenv(requirements=["x"])
@setup
@mine
def work():
    return 1
"""


def test_libcst_is_loaded_by_the_first_task_whose_source_is_rewritten() -> None:
    loaded = """
        import sys
        from airflow.sdk import dag, task
        import airflow.sdk.bases.decorator
        print("libcst" in sys.modules)
    """
    assert ask(loaded, changed=False) == "True", (
        "Airflow loads it late by itself: airfleet.runtime.patches.changes.source_trees can go"
    )
    assert ask(loaded, role=WORKER) == "False"
    rewritten = f"""
        import sys
        from airflow.sdk.definitions._internal.decorators import remove_task_decorator
        first = remove_task_decorator({SOURCE!r}, "@task.virtualenv")
        print(repr(first), remove_task_decorator({SOURCE!r}, "@task.virtualenv") == first, "libcst" in sys.modules)
    """
    assert ask(rewritten, role=WORKER) == ask(rewritten, changed=False)
    assert "@mine" in ask(rewritten, role=WORKER)


def test_who_needs_libcst_gets_the_real_one() -> None:
    for imports in ("airflow.sdk.bases.operator, libcst", "libcst, airflow.sdk.bases.operator"):
        assert ask(f"import {imports}; print(libcst.parse_module('a = 1').code)", role=WORKER) == "a = 1"


def test_the_execution_api_speaks_its_newest_versions_to_workers_of_this_and_the_last_minor_version() -> None:
    asked = """
        import asyncio, httpx
        from airflow.api_fastapi.execution_api.app import create_task_execution_api_app
        from airflow.api_fastapi.execution_api.versions import bundle

        async def statuses(versions):
            transport = httpx.ASGITransport(create_task_execution_api_app())
            async with httpx.AsyncClient(transport=transport, base_url="http://webserver") as client:
                return [
                    (await client.get("/health", headers={"Airflow-API-Version": version})).status_code
                    for version in versions
                ]

        print(list(bundle.version_values), asyncio.run(statuses(bundle.version_values)))
    """
    before = ask(asked, changed=False)
    kept = ask(asked, role=WEBSERVER)
    assert before.count("20") > kept.count("20"), (
        "Airflow has few versions by itself: airfleet.runtime.patches.changes.api_versions can go"
    )
    newest = ask("from airflow.sdk.api.datamodels._generated import API_VERSION; print(API_VERSION)")
    assert kept.startswith(f"['{newest}', ")
    assert kept.endswith("[200, 200, 200]")


def test_the_schedulers_health_page_is_served_from_a_thread_of_it() -> None:
    asked = """
        import multiprocessing, urllib.error, urllib.request
        from airflow.cli.commands import scheduler_command
        from airfleet.stack.preflight import free_ports
        import os

        (port,) = free_ports(1)
        os.environ["AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_HOST"] = "127.0.0.1"
        os.environ["AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT"] = str(port)
        url = f"http://127.0.0.1:{port}/no-such-page"

        def status():
            try:
                return urllib.request.urlopen(url).status
            except urllib.error.HTTPError as error:
                return error.code
            except urllib.error.URLError:
                return "away"

        with scheduler_command._serve_health_check(True):
            during = status()
            children = multiprocessing.active_children()
        with scheduler_command._serve_health_check(False):
            print(during, children, status())
    """
    assert ask(asked, role="airflow scheduler") == "404 [] away"


def test_pooled_connections_are_looked_at() -> None:
    pings = """
        from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
        print(PGDialect_psycopg2.do_ping.__module__)
    """
    assert ask(pings, changed=False).startswith("sqlalchemy.")
    assert ask(pings, role=WORKER) == "airfleet.runtime.patches.changes.pings"


def test_the_access_log_has_every_request_but_those_of_tasks_that_were_answered() -> None:
    asked = """
        from airflow.api_fastapi.common.http_access_log import HttpAccessLogMiddleware
        from fastapi import FastAPI, HTTPException
        from fastapi.testclient import TestClient
        from structlog.testing import capture_logs

        app = FastAPI()

        @app.get("/{path:path}")
        def answer(path):
            if path.endswith("bad"):
                raise RuntimeError(path)
            if path.endswith("no"):
                raise HTTPException(409)

        app.add_middleware(HttpAccessLogMiddleware)
        with capture_logs() as lines:
            for path in ("/execution/yes", "/execution/no", "/execution/bad", "/api/v2/yes", "/executions"):
                TestClient(app, raise_server_exceptions=False).get(path)
        print([(line["path"], line["status_code"]) for line in lines])
    """
    always = [("/execution/no", 409), ("/execution/bad", 500), ("/api/v2/yes", 200), ("/executions", 200)]
    assert ask(asked, changed=False) == str([("/execution/yes", 200), *always])
    assert ask(asked, role=WEBSERVER) == str(always)
