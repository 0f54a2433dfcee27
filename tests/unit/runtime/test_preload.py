"""What is done once, before a fork."""

import os
import subprocess
import sys

import pytest

from airfleet.config.paths import Paths
from airfleet.runtime import preload


def test_what_fails_is_said_and_left_to_each_process(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(preload, "DAG_MODULES", ("airflow.no_such_module",))
    monkeypatch.setattr(preload.log, "warning", lambda text, *values, **_: said.append(text % values))
    preload.for_parsing()
    assert said == ["Not done before the fork: importing airflow.no_such_module. Each process does it."]


# What Celery does in a worker's main process, and then what a task's process does after the fork.
_WORKER = """
import airflow.providers.celery.executors.celery_executor_utils
import airfleet.runtime.in_worker, sys, threading
before = set(sys.modules)
from airflow.sdk import chain, dag, task
import airflow.dag_processing.dagbag
from airflow.sdk.execution_time import comms, supervisor, task_runner
from airflow.sdk.listener import get_listener_manager
get_listener_manager()
assert task_runner.TypeAdapter(task_runner.JsonValue) is task_runner.TypeAdapter(task_runner.JsonValue)
assert supervisor.WatchedSubprocess._service_subprocess.__module__ == "airfleet.runtime.patches.changes.task_exit"
assert supervisor.ActivitySubprocess._on_child_started.__module__ == "airfleet.runtime.patches.changes.first_heartbeat"
print("IMPORTED", sorted(set(sys.modules) - before))
print("THREADS", threading.active_count())
"""


def test_a_worker_has_imported_before_it_forks_what_a_task_needs_and_has_no_thread_that_a_fork_would_lose(
    tmp_path: str,
) -> None:
    paths = Paths()
    given = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(paths.root / "src"),
        "AIRFLOW_HOME": str(paths.airflow_home),
        "AIRFLOW_CONFIG": str(paths.airflow_cfg),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(tmp_path),
        "AIRFLOW__CELERY__BROKER_URL": "redis://nobody.invalid/0",
        "AIRFLOW__CELERY__RESULT_BACKEND": "db+sqlite://",
    }
    done = subprocess.run(
        [sys.executable, "-P", "-c", _WORKER, "airflow", "celery", "worker"],
        env=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Not done before the fork" not in done.stdout + done.stderr
    assert "IMPORTED []" in done.stdout
    assert "THREADS 1" in done.stdout
