"""Serve the scheduler's health page from a thread of the scheduler.

Airflow forks a process for it, which keeps a copy of what the scheduler has loaded, and outlives a scheduler that was
killed, holding the port. Measured: 92 MiB.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from threading import Thread
from types import ModuleType


def change(module: ModuleType, execute: Callable[[], None]) -> None:
    """Execute Airflow's *module*, and replace what starts the process."""
    execute()
    module._serve_health_check = serve  # type: ignore[attr-defined]


@contextmanager
def serve(enable_health_check: bool = False) -> Iterator[None]:
    """Answer on the configured port while the block lasts."""
    if not enable_health_check:
        yield
        return
    from airflow.configuration import conf
    from airflow.utils.scheduler_health import HealthServer

    address = (
        conf.get("scheduler", "scheduler_health_check_server_host"),
        conf.getint("scheduler", "scheduler_health_check_server_port"),
    )
    with ThreadingHTTPServer(address, HealthServer) as server:
        Thread(target=server.serve_forever, name="health page", daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
