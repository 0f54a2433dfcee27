"""Traces are on where .env names a receiver, and no task waits for it."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from support import fresh_python
from support.checkout import wait_until
from support.trace_receiver import black_hole, receiving, refusing

from airfleet.config.paths import Paths
from airfleet.runtime import task_traces, traces
from airfleet.runtime.patches import process
from airfleet.runtime.patches.patch import SCHEDULER, WORKER


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """This process's environment, without a receiver, and put back at the end."""
    kept = {name: value for name, value in os.environ.items() if "OTEL_" not in name}
    monkeypatch.setattr(os, "environ", kept)
    yield kept


@pytest.mark.parametrize("given", [{}, {traces.ENDPOINT: ""}], ids=["no key", "empty key"])
def test_nothing_changes_without_a_receiver(environment: dict[str, str], given: dict[str, str]) -> None:
    environment |= given
    before = dict(environment)
    traces.provide()
    assert environment == before


@pytest.mark.parametrize(("role", "airflow_sends"), [(SCHEDULER, "True"), (WORKER, "False"), (None, "True")])
def test_every_role_but_a_worker_sends_as_airflow_does(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, role: str | None, airflow_sends: str
) -> None:
    monkeypatch.setattr(process, "role", lambda: role)
    environment |= {traces.ENDPOINT: "http://127.0.0.1:1", "OTEL_TRACES_SAMPLER": "always_on"}
    traces.provide()
    assert environment["AIRFLOW__TRACES__OTEL_ON"] == airflow_sends
    assert environment["OTEL_SERVICE_NAME"] == role or role is None
    assert environment["OTEL_TRACES_SAMPLER"] == "always_on", "a team's own choice"


def tracer_of(sender: task_traces.Sender) -> Any:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(task_traces.ToWorker(sender.inlet)))
    return provider.get_tracer("test")


def in_forks(number: int, work: Callable[[int], None]) -> None:
    """Do *work* in that many forks at once; each one must end well."""
    forks = [multiprocessing.get_context("fork").Process(target=work, args=(one,)) for one in range(number)]
    for fork in forks:
        fork.start()
    for fork in forks:
        fork.join(30)
    assert [fork.exitcode for fork in forks] == [0] * number


def test_spans_of_forks_arrive_each_once_with_their_parents() -> None:
    with receiving() as receiver:
        sender = task_traces.Sender(receiver.address, "api-key=abc%20d", 2)
        tracer = tracer_of(sender)

        def work(number: int) -> None:
            with tracer.start_as_current_span(f"task {number}"), tracer.start_as_current_span(f"part of {number}"):
                pass

        in_forks(16, work)
        sender.stop()
        by_name = {span.name: span for span in receiver.spans}
        assert len(receiver.spans) == len(by_name) == 32
        for number in range(16):
            assert by_name[f"part of {number}"].parent == by_name[f"task {number}"].id
        assert {headers["api-key"] for headers in receiver.headers} == {"abc d"}
        assert len(receiver.headers) < 16, "spans are sent together"


def test_spans_come_while_the_worker_runs() -> None:
    with receiving() as receiver:
        sender = task_traces.Sender(receiver.address, "", 2)
        with tracer_of(sender).start_as_current_span("one"):
            pass
        wait_until("the span is there", lambda: receiver.spans, timeout_s=10)
        sender.stop()


@pytest.mark.parametrize("away", [refusing, black_hole])
def test_a_receiver_that_is_away_makes_no_task_wait_and_no_worker_stop_late(
    away: Callable[[], AbstractContextManager[str]], caplog: pytest.LogCaptureFixture
) -> None:
    with away() as address:
        sender = task_traces.Sender(address, "", 0.5)
        tracer = tracer_of(sender)
        longest = 0.0
        # More than the socket takes: the later ones find it full.
        for _ in range(2000):
            began = time.monotonic()
            with tracer.start_as_current_span("one", attributes={"text": "x" * 1000}):
                pass
            longest = max(longest, time.monotonic() - began)
        assert longest < 0.25
        wait_until("the loss is logged", lambda: "Traces are lost" in caplog.text, timeout_s=10)
        began = time.monotonic()
        sender.stop()
        assert time.monotonic() - began < 3


def test_a_span_that_is_larger_than_the_socket_takes_is_lost_and_the_next_one_is_not() -> None:
    with receiving() as receiver:
        sender = task_traces.Sender(receiver.address, "", 2)
        tracer = tracer_of(sender)
        for name, size in (("large", 32 * 2**20), ("next", 1)):
            with tracer.start_as_current_span(name, attributes={"text": "x" * size}):
                pass
        sender.stop()
        assert [span.name for span in receiver.spans] == ["next"]


# What a role's process does as it starts; a worker's goes on to what Celery imports before it forks.
_START = """
import os, sys
os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "{endpoint}"
os.environ["OTEL_TRACES_SAMPLER_ARG"] = "0.25"
import airflow.settings
if "worker" in sys.argv:
    import airflow.providers.celery.executors.celery_executor_utils
    import airfleet.runtime.in_worker
from opentelemetry import trace
provider = trace.get_tracer_provider()
if hasattr(provider, "sampler"):
    (sends,) = provider._active_span_processor._span_processors
    print(provider.resource.attributes["service.name"], type(sends).__name__, provider.sampler.get_description())
else:
    print(type(provider).__name__, "airfleet.runtime.task_traces" in sys.modules)
"""


@pytest.mark.parametrize(
    ("command", "endpoint", "found"),
    [
        ("airflow scheduler", "http://127.0.0.1:9", "airflow-scheduler BatchSpanProcessor {sampler}"),
        ("airflow celery worker", "http://127.0.0.1:9", "airflow-worker SimpleSpanProcessor {sampler}"),
        ("airflow scheduler", "", "ProxyTracerProvider False"),
        ("airflow celery worker", "", "ProxyTracerProvider False"),
    ],
)
def test_a_role_sends_its_spans_its_own_way_and_loads_nothing_without_a_receiver(
    command: str, endpoint: str, found: str
) -> None:
    said = fresh_python.ask(
        _START.format(endpoint=endpoint), role=command, settings=str(Paths().root / "airflow" / "config")
    )
    sampler = "ParentBased{root:TraceIdRatioBased{0.25}"
    assert said.startswith(found.replace("{sampler}", sampler)), said
