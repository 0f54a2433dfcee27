"""Mounts the page through which maintenance tasks make the webserver clean its database."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from fastapi import FastAPI


@cache
def _app() -> FastAPI:
    # Imported by the webserver only, at the first request, because every task's process loads this file too.
    from airfleet.runtime.maintenance import web_page

    return web_page.app()


async def page(scope: Any, receive: Any, send: Any) -> None:
    """Pass a request to the page, which is created at the first request."""
    await _app()(scope, receive, send)


class AirfleetMaintenance(AirflowPlugin):
    """Adds the page to the webserver."""

    name = "airfleet_maintenance"
    fastapi_apps = [{"app": page, "url_prefix": "/airfleet/maintenance", "name": "Maintenance"}]  # noqa: RUF012 - Airflow's own interface
