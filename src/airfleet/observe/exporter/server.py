"""Serve the exporter's metrics: one path per source, so that each is a scrape job of its own."""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from airfleet.observe.exporter.api_server import Webserver
from airfleet.observe.exporter.collector import Poller, Registry
from airfleet.observe.exporter.host import Host
from airfleet.observe.exporter.metadata import Metadata
from airfleet.observe.exporter.options import Settings
from airfleet.observe.exporter.postgres_server import Postgres
from airfleet.observe.exporter.queries import Database
from airfleet.observe.exporter.queues import Broker
from airfleet.observe.exporter.workers import CeleryWorkers

# The sources of each path. Airflow's path has several.
PATHS: dict[str, tuple[str, ...]] = {
    "/metrics": ("metadata", "celery", "webserver"),
    "/metrics/redis": ("redis",),
    "/metrics/postgres": ("postgres",),
    "/metrics/host": ("host",),
}


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


def application(every: Iterable[Poller]) -> WSGIApplication:
    """Return the WSGI application over *every* poller: the PATHS, and /healthz."""
    by_name = {poller.name: poller for poller in every}
    pages = {path: _page(Registry(by_name[name] for name in names)) for path, names in PATHS.items()}

    def respond(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path in pages:
            return pages[path](environ, start)
        if path == "/healthz":
            start("200 OK", [("Content-Type", "text/plain")])
            return [b"ok\n"]
        start("404 Not Found", [("Content-Type", "text/plain")])
        return [("There is " + ", ".join(PATHS) + " and /healthz.\n").encode()]

    return respond


def serve(settings: Settings) -> None:
    """Read the sources and serve until the process is told to end."""
    every = pollers(settings)
    for poller in every:
        poller.start()
    server = make_server(settings.host, settings.port, application(every), ThreadingWSGIServer, handler_class=_Quiet)
    try:
        server.serve_forever()
    finally:
        for poller in every:
            poller.stop()
        server.server_close()


def _page(shown: Registry) -> WSGIApplication:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(shown)
    return make_wsgi_app(registry)


class _Quiet(WSGIRequestHandler):
    """A scrape every few seconds is not worth a log line."""

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""
