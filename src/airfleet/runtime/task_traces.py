"""Spans of tasks, which a worker sends for them, so that no task waits for the receiver.

A task's process writes each span to a socket that it has from its worker, and drops it where the socket is full. A
thread of the worker's main process sends on what has arrived, over one connection.
"""

import atexit
import logging
import os
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress

import httpx
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.util.re import parse_env_headers

from airfleet.runtime import traces

log = logging.getLogger(__name__)

# Seconds in which spans gather until they are sent together.
_GATHER_S = 1.0
# Bytes that may wait for the thread; the kernel grants no more than net.core.wmem_max.
_BUFFER = 4 * 2**20
_LARGEST = 2**20
_STOP = b""


class ToWorker(SpanExporter):
    """Writes spans to *worker* without waiting."""

    def __init__(self, worker: socket.socket) -> None:
        self._worker = worker

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write *spans* as one message; what finds no room is lost."""
        try:
            self._worker.send(encode_spans(spans).SerializeToString(), socket.MSG_DONTWAIT)
        except OSError:
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS


class Sender:
    """Sends on what the forks of this process write to `inlet`, from a thread, until `stop`."""

    def __init__(self, endpoint: str, headers: str, timeout_s: float) -> None:
        self.inlet, self._outlet = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.inlet.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        self._url = f"{endpoint.rstrip('/')}/v1/traces"
        self._timeout_s = timeout_s
        # Before the thread begins: what it imports and reads must be complete when this process forks.
        given = {"Content-Type": "application/x-protobuf", **parse_env_headers(headers, liberal=True)}
        self._client = httpx.Client(headers=given, timeout=timeout_s)
        self._stopped = threading.Event()
        self._away = False
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._run, name="task traces", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Send what is left, for no longer than the timeout; does nothing in a fork."""
        if os.getpid() != self._pid:
            return
        self._stopped.set()
        with suppress(OSError):
            # Wakes the thread; where there is no room for it, there is something to wake it.
            self.inlet.send(_STOP, socket.MSG_DONTWAIT)
        self._thread.join(self._timeout_s + _GATHER_S)

    def _run(self) -> None:
        while not self._stopped.is_set():
            first = self._outlet.recv(_LARGEST)
            self._stopped.wait(_GATHER_S)
            # Messages of this kind one after another are one message with the spans of all.
            if gathered := first + self._waiting():
                self._send(gathered)

    def _waiting(self) -> bytes:
        found = []
        with suppress(BlockingIOError):
            while True:
                found.append(self._outlet.recv(_LARGEST, socket.MSG_DONTWAIT))
        return b"".join(found)

    def _send(self, spans: bytes) -> None:
        try:
            self._client.post(self._url, content=spans).raise_for_status()
        except httpx.HTTPError as error:
            if not self._away:
                log.warning("Traces are lost until %s takes them again: %s", self._url, error)
            self._away = True
        else:
            if self._away:
                log.warning("%s takes traces again.", self._url)
            self._away = False


def provide() -> None:
    """Let the forks of this process, a worker's main one, hand it their spans, where .env names a receiver."""
    if not traces.is_on():
        return
    given = os.environ
    headers = given.get("OTEL_EXPORTER_OTLP_HEADERS", "")
    sender = Sender(given[traces.ENDPOINT], headers, float(given[traces.TIMEOUT]))
    atexit.register(sender.stop)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(ToWorker(sender.inlet)))
    trace.set_tracer_provider(provider)
