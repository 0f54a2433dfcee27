"""What airfleet.runtime adds to Airflow and Celery, and that the installed ones still need it.

A test named `..._by_itself` holds the installed package to the behaviour that an addition is there for. When one
fails after an upgrade, upstream has changed: see whether the addition can go.
"""

import contextlib
import inspect
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import CommsDecoder
from support.checkout import wait_until

from airfleet.runtime import orphans
from airfleet.runtime.patches.changes import crashed_files, full_redis

KEY = "a task's key"


@pytest.fixture
def executors(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The executor module, with publishing that fails as it does while Redis is away."""
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "x" * 64)
    monkeypatch.setenv("AIRFLOW__CELERY__BROKER_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("AIRFLOW__CELERY__RESULT_BACKEND", "db+sqlite://")
    from airflow.providers.celery.executors import celery_executor, celery_executor_utils
    from kombu.exceptions import OperationalError

    from airfleet.runtime import executor

    failure = celery_executor_utils.ExceptionWithTraceback(OperationalError("Error 111 connecting"), "")
    monkeypatch.setattr(
        celery_executor.CeleryExecutor,
        "_send_workloads_to_celery",
        lambda _, workloads: [(key, None, failure) for key, *_ in workloads],
    )
    yield executor


def _queued(executor: Any) -> Any:
    executor.queued_tasks[KEY] = SimpleNamespace(ti=SimpleNamespace(priority_weight=1))
    return executor


def test_celerys_executor_fails_a_task_that_it_cannot_publish_by_itself(executors: Any) -> None:
    stock = _queued(executors.CeleryExecutor())
    stock._send_workloads([(KEY, None, "default", None)])
    assert KEY not in stock.queued_tasks
    assert stock.event_buffer[KEY][0] == "failed"


def test_a_task_waits_in_the_scheduler_while_the_broker_is_away(executors: Any) -> None:
    steady = _queued(executors.SteadyCeleryExecutor())
    steady._send_workloads([(KEY, None, "default", None)])
    assert KEY in steady.queued_tasks
    assert steady.event_buffer == {}


def test_celerys_executor_does_not_look_for_messages_by_itself(executors: Any) -> None:
    text = inspect.getsource(executors.CeleryExecutor)
    assert "unacked" not in text
    assert "lrange" not in text


def test_a_process_that_runs_tasks_by_itself_is_not_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    # `airflow dags test` has no supervisor beyond its own process.
    bound: list[bool] = []
    monkeypatch.setattr(orphans, "die_with_parent", lambda: bound.append(True))
    monkeypatch.delattr(task_runner, "SUPERVISOR_COMMS", raising=False)
    orphans.on_task_instance_running(None, None)
    assert bound == []
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", CommsDecoder.__new__(CommsDecoder), raising=False)
    orphans.on_task_instance_running(None, None)
    assert bound == [True]


def test_kombu_takes_a_full_redis_for_no_reason_to_connect_again_by_itself() -> None:
    from kombu.transport.redis import get_redis_error_classes
    from redis.exceptions import OutOfMemoryError

    assert not issubclass(OutOfMemoryError, get_redis_error_classes().connection_errors)


def test_a_worker_connects_again_when_redis_is_full() -> None:
    from kombu.transport.redis import Transport
    from redis.exceptions import OutOfMemoryError

    changed = type("Changed", (Transport,), {})
    full_redis.change(SimpleNamespace(Transport=changed))
    assert issubclass(OutOfMemoryError, changed.connection_errors)


PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", '''
from airfleet.runtime.orphans import die_with_parent
{bind}
print("bound", flush=True)
import time
time.sleep(60)
'''], stdout=subprocess.PIPE, text=True)
print(child.stdout.readline().strip(), child.pid, flush=True)
child.wait()
"""


@pytest.fixture
def family(request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], psutil.Process]]:
    """A process and its child, which was bound to it as the parameter says."""
    source = textwrap.dedent(PARENT).format(bind=request.param)
    parent = subprocess.Popen(
        [sys.executable, "-c", source],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert parent.stdout is not None
    said, pid = parent.stdout.readline().split()
    assert said == "bound"
    child = psutil.Process(int(pid))
    yield parent, child
    with contextlib.suppress(psutil.NoSuchProcess):
        child.kill()
    parent.kill()
    parent.wait()


@pytest.mark.parametrize("family", ["die_with_parent()"], indirect=True)
def test_a_task_ends_with_the_process_that_watches_it(
    family: tuple[subprocess.Popen[str], psutil.Process],
) -> None:
    parent, child = family
    os.kill(parent.pid, signal.SIGKILL)
    wait_until("the child is gone", lambda: not child.is_running(), timeout_s=5)


@pytest.mark.parametrize("family", ["pass"], indirect=True)
def test_a_process_outlives_its_parent_by_itself(family: tuple[subprocess.Popen[str], psutil.Process]) -> None:
    parent, child = family
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    assert child.is_running()


def test_airflows_supervisor_does_not_bind_the_task_by_itself() -> None:
    from airflow.sdk.execution_time import supervisor, task_runner

    text = inspect.getsource(supervisor) + inspect.getsource(task_runner)
    assert "PDEATHSIG" not in text.upper().replace("_", "")


def test_the_dag_processor_keeps_no_error_of_a_process_that_crashed_by_itself() -> None:
    from airflow.dag_processing.manager import DagFileProcessorManager as Manager

    assert "if proc.parsing_result is not None" in inspect.getsource(Manager.handle_parsing_result)
    assert "persist_parsing_result" not in inspect.getsource(Manager._kill_timed_out_processors)


@pytest.mark.parametrize(
    ("exit_code", "said"),
    [
        (-11, "was ended by SIGSEGV."),
        (-9, "was ended by SIGKILL, as when memory runs out."),
        (1, "ended with status 1 before it had a result."),
    ],
)
def test_a_process_that_crashes_while_parsing_becomes_an_import_error(exit_code: int, said: str) -> None:
    handled = []
    process = SimpleNamespace(parsing_result=None, had_callbacks=False, _exit_code=exit_code)
    file = SimpleNamespace(rel_path="bad.py")
    crashed_files.showing_crashes(lambda *arguments: handled.append(arguments))(None, file, process)
    assert handled == [(None, file, process)]
    assert process.parsing_result.import_errors == {
        "bad.py": f"The process that parsed this file {said} Run ./airfleet check to see what it does."
    }


def test_a_process_that_only_ran_callbacks_is_no_error() -> None:
    process = SimpleNamespace(parsing_result=None, had_callbacks=True)
    crashed_files.showing_crashes(lambda *_: None)(None, SimpleNamespace(rel_path="good.py"), process)
    assert process.parsing_result is None
