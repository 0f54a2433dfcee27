"""Serve the exporter's metrics: one path per source, so that each is a scrape job of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http.server import ThreadingHTTPServer
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import Metric as Family

from airfleet.observe.exporter.api_server import Webserver
from airfleet.observe.exporter.collector import Poller, Registry
from airfleet.observe.exporter.host import Host
from airfleet.observe.exporter.metadata import Metadata
from airfleet.observe.exporter.options import Settings
from airfleet.observe.exporter.postgres_server import Postgres
from airfleet.observe.exporter.queries import Database
from airfleet.observe.exporter.queues import Broker
from airfleet.observe.exporter.workers import CeleryWorkers

# What each path shows. Airflow's own view is several sources in one.
PATHS: dict[str, tuple[str, ...]] = {
    "/metrics": ("metadata", "celery", "webserver"),
    "/metrics/redis": ("redis",),
    "/metrics/postgres": ("postgres",),
    "/metrics/host": ("host",),
}

StartResponse = Callable[[str, list[tuple[str, str]]], object]


def pollers(settings: Settings) -> list[Poller]:
    """Make one poller per source; none is started."""
    workers = CeleryWorkers(settings.broker_url, settings.timeout_s)
    sources = (
        workers,
        Metadata(Database(settings.database_url, settings.timeout_s), lambda: workers.state),
        Broker(settings.redis_url, settings.timeout_s, workers.queues),
        Postgres(Database(settings.database_url, settings.timeout_s)),
        Host(settings.disks),
        Webserver(settings.webserver_url, settings.timeout_s),
    )
    return [Poller(source, settings.interval_s) for source in sources]


def application(every: Iterable[Poller]) -> Callable[[dict[str, str], StartResponse], list[bytes]]:
    """Return the WSGI application over *every* poller: the PATHS, and /healthz."""
    by_name = {poller.name: poller for poller in every}
    registries = {path: Registry(by_name[name] for name in names) for path, names in PATHS.items()}

    def respond(environ: dict[str, str], start: StartResponse) -> list[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/healthz":
            start("200 OK", [("Content-Type", "text/plain")])
            return [b"ok\n"]
        if path not in registries:
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [("There is " + ", ".join(PATHS) + " and /healthz.\n").encode()]
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Once(registries[path]))
        start("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
        return [generate_latest(registry)]

    return respond


def serve(settings: Settings) -> None:
    """Look and answer until the process is told to end."""
    every = pollers(settings)
    for poller in every:
        poller.start()
    server = _Server((settings.host, settings.port), _Quiet)
    server.set_app(application(every))
    try:
        server.serve_forever()
    finally:
        for poller in every:
            poller.stop()
        server.server_close()


class _Once:
    """A collector that asks for no description first."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Family]:
        return self._registry.collect()

    def describe(self) -> Iterable[Family]:
        return []


class _Server(ThreadingHTTPServer, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    """A scrape every few seconds is no news."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
