"""The weekly report in the UI: a Dag run's tab `Report` shows the page kept for that run, behind Airflow's login."""

from __future__ import annotations

import os
import stat
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin
from shop_tasks import REPORT_ROUTE

if TYPE_CHECKING:
    from fastapi import FastAPI

# The webserver's imports are inside functions, because every task's process loads this file too.

PREFIX = "/shop/reports"
# The page contains text from source files. Whatever that text holds, the page runs no script, loads nothing, and only
# Airflow may frame it.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
    "base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-cache",
}
MISSING = "<p>No report is kept for this run. The task <code>reporting</code> of weekly_full_pipeline writes it.</p>"


def read_kept(path: Path) -> bytes | None:
    """Return a regular file's bytes; None where there is no regular file of this name.

    Workers write this folder and hold fewer secrets than the webserver, so a symbolic link there must not make the
    webserver read other files for them.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


@cache
def build() -> FastAPI:
    """The pages under PREFIX: GET /DAG_ID/RUN_ID, for users with permission to read that Dag's runs."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.core_api.security import requires_access_dag
    from fastapi import Depends, FastAPI
    from fastapi.responses import HTMLResponse

    from retail.report import file_name
    from retail.settings import Settings

    app = FastAPI(openapi_url=None)
    allowed = Depends(requires_access_dag("GET", DagAccessEntity.RUN))

    @app.get("/{dag_id}/{run_id}", dependencies=[allowed], response_class=HTMLResponse)
    def kept_report(dag_id: str, run_id: str) -> HTMLResponse:
        page = read_kept(Settings.from_env().report_dir / file_name(f"{dag_id}/{run_id}"))
        if page is None:
            return HTMLResponse(MISSING, status_code=404, headers=HEADERS)
        return HTMLResponse(page, headers=HEADERS)

    return app


async def pages(scope: Any, receive: Any, send: Any) -> None:
    """Pass a request to the pages, which are created at the first request."""
    await build()(scope, receive, send)


class ShopReport(AirflowPlugin):
    """Mounts the pages and adds the links; does neither without the shop's package."""

    name = "shop_report"
    if find_spec("retail"):
        fastapi_apps = [{"app": pages, "url_prefix": PREFIX, "name": "Shop reports"}]
        external_views = [
            {
                "name": "Report",
                # Relative to the UI's base, which need not be the root.
                "href": f"{PREFIX.removeprefix('/')}/{{DAG_ID}}/{{RUN_ID}}",
                "destination": "dag_run",
                "url_route": REPORT_ROUTE,
            }
        ]
