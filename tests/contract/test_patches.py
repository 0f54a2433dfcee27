"""Every change is applied to the source that it was written for, and to no other.

When a digest differs after an upgrade: read the function again, see whether the change is still needed and still right,
measure its gain with `./airfleet bench`, and only then write the new digest down.
"""

import importlib.util
import inspect
from typing import Any

import pytest
from celery import Celery
from celery.app import amqp
from celery.app.amqp import AMQP
from support.fresh_python import ask

from airfleet.config.paths import ROOT
from airfleet.runtime import preload
from airfleet.runtime.patches import digests, hook, listing, process
from airfleet.runtime.patches.changes import tokens
from airfleet.runtime.patches.patch import INIT, ROLES, Patch
from airfleet.runtime.patches.registry import PATCHES
from airfleet.stack import roles
from airfleet.stack.embedded import one_shot
from airfleet.stack.embedded.instances import AHEAD

# What is built upon without being changed.
BUILT_UPON = {
    # What telling a file's Dags imports (preload), and when Celery imports the worker's module (in_worker).
    "airflow.serialization.serialized_objects:_DependencyDetector.detect_task_dependencies": "c972d0b8551e3e48",
    "celery.loaders.base:BaseLoader.import_default_modules": "09943db13302bc65",
    # What embedded/log_server.py checks in its place.
    "airflow.utils.serve_logs.log_server:JWTAuthStaticFiles": "34527fae7c32cfd9",
    "airflow.utils.serve_logs.log_server:create_app": "2c57968a21cf2e68",
}
KNOWN = {
    name: digest for sources in (*(patch.sources for patch in PATCHES), BUILT_UPON) for name, digest in sources.items()
}


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.name)
def test_the_installed_source_is_the_one_that_the_change_was_written_for(patch: Patch) -> None:
    assert digests.differing(patch.sources) == []


def test_what_is_built_upon_is_what_it_was() -> None:
    assert digests.differing(BUILT_UPON) == []


@pytest.mark.parametrize("name", KNOWN)
def test_a_digest_is_that_of_the_source_that_python_shows(name: str) -> None:
    module, _, path = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    text = digests._definition(digests._text(module) or "", path)
    assert text == inspect.getsource(found)


@pytest.mark.parametrize("patch", [patch for patch in PATCHES if patch.replaces], ids=lambda patch: patch.name)
def test_what_is_replaced_is_there_and_its_source_is_compared(patch: Patch) -> None:
    for name in patch.replaces:
        module = name.partition(":")[0]
        assert importlib.util.find_spec(module), name
        digest = digests.digest_of(name)
        compared = any(digest == known or name.startswith(f"{whole}.") for whole, known in patch.sources.items())
        assert digest is None or compared, f"{patch.name} replaces {name}, and compares no digest of it"


def test_the_hook_looks_at_the_packages_that_are_changed_and_no_other() -> None:
    assert {module.partition(".")[0] for patch in PATCHES for module in patch.modules} == hook.PACKAGES


def test_each_role_is_known_by_its_command_on_both_engines() -> None:
    commands = {role.name: list(role.command) for role in roles.ROLES if role.runs_airflow}
    assert {
        name: process.role(["/usr/bin/python", f"/opt/venv/bin/{c[0]}", *c[1:]]) for name, c in commands.items()
    } == {name: name for name in ROLES}
    assert process.role([*AHEAD.split(), "api-server"]) == roles.WEBSERVER.name
    assert process.role(one_shot.INIT.command) == INIT
    assert process.role(["python", "airflow", "dags", "list"]) is None


def test_groups_are_few_enough_to_be_measured() -> None:
    assert len({patch.group for patch in PATCHES}) <= 12
    assert len({patch.name for patch in PATCHES}) == len(PATCHES)


def test_the_page_is_written_from_the_registry() -> None:
    page = ROOT / "docs" / "patches.md"
    assert page.read_text() == listing.page(), "Run make patches."


@pytest.mark.parametrize("module", (*preload.DAG_MODULES, *preload.SERIALIZING_MODULES, *preload.TASK_MODULES))
def test_every_preloaded_module_exists(module: str) -> None:
    assert importlib.import_module(module)


def test_no_event_of_celery_shows_a_tasks_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AMQP, "argsrepr_maxsize", AMQP.argsrepr_maxsize)
    workload = '{"token": "the-token-itself", "ti": {}}'

    def said() -> str:
        message = Celery().amqp.as_task_v2("id", "execute_workload", args=(workload,), create_sent_event=True)
        return f"{message.headers} {message.sent_event}"

    assert "the-token-itself" in said(), (
        "Celery keeps arguments out of events by itself: airfleet.runtime.patches.changes.tokens can go"
    )
    tokens.change(amqp)
    assert "the-token-itself" not in said()


def test_a_pages_validators_are_made_when_they_are_first_used() -> None:
    page = """
        from fastapi import FastAPI
        from fastapi._compat.v2 import ModelField
        from fastapi.testclient import TestClient

        app = FastAPI()

        @app.get("/{number}")
        def doubled(number: int) -> int:
            return 2 * number

        (field,) = app.routes[-1].dependant.path_params
        before = "_type_adapter" in vars(field)
        answers = [TestClient(app).get(f"/{what}") for what in ("21", "x")]
        print(before, "_type_adapter" in vars(field), answers[0].json(), answers[1].status_code)
    """
    assert ask(page, role="airflow api-server") == "False True 42 422"
    assert ask(page, changed=False) == "True True 42 422", (
        "FastAPI puts them off by itself: airfleet.runtime.patches.changes.page_fields can go"
    )


def test_a_webserver_makes_the_pages_for_tasks_before_it_answers() -> None:
    started = """
        import os
        os.environ["AIRFLOW__API_AUTH__JWT_SECRET"] = "s" * 64
        from airflow.api_fastapi.execution_api.app import create_task_execution_api_app
        from fastapi import FastAPI
        from fastapi.testclient import TestClient
        from airfleet.runtime import early_pages, starting

        pages, whole = create_task_execution_api_app(), FastAPI()
        before = pages._cadwyn_initialized
        whole.mount(early_pages.MOUNT, pages)
        whole.add_middleware(starting.ReadyFirst)
        with TestClient(whole):
            print(before, pages._cadwyn_initialized)
    """
    webserver = "airflow api-server"
    assert ask(started, role=webserver) == "False True"
    assert ask(started, role=webserver, patches="off") == "False False", (
        "Airflow makes them earlier by itself: airfleet.runtime.early_pages can go"
    )
