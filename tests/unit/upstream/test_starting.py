"""A role that forks shares what it has loaded with its children."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from support.fresh_python import ask

from airfleet.upstream import starting


class Job:
    """Stands for Airflow's, which is a table's row."""


class TaskRunnerMarker:
    """Stands for what a task's process says instead."""


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize(("component", "frozen"), [(Job(), True), (TaskRunnerMarker(), False)])
def test_what_is_loaded_is_frozen_in_a_role_and_not_in_a_task(component: Any, frozen: bool) -> None:
    starting.on_starting(component)
    assert (gc.get_freeze_count() > 0) == frozen


def test_a_dag_processor_that_starts_keeps_step_with_its_files() -> None:
    started = """
        from airflow.dag_processing import collection
        from airflow.dag_processing.manager import DagFileProcessorManager as Manager
        from airfleet.upstream import starting

        class Job:
            pass

        starting.on_starting(Job())
        changed = Manager.prepare_file_queue, Manager._service_processor_sockets, collection._sync_dag_perms
        print(*(each.__module__.removeprefix("airfleet.upstream.") for each in changed))
    """
    assert ask(started) == "parsing_loop parsing_loop dag_permissions"
