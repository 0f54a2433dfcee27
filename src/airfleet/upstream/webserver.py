"""What a webserver does before it answers anybody: make the Execution API's pages.

Airflow makes them, for every version of that API, at the first request of the first task, and answers nothing else
meanwhile: for seconds the tasks wait, and who asks whether the webserver is well hears nothing. Registered by the
plugin airfleet_roles. Measured on 2 cores beside a starting stack (2026-11-23): the webserver was deaf for 6.7 and
8.6 s after the first task had begun.
"""

from __future__ import annotations

from typing import Any

from airfleet.upstream.quiet_imports import uncollected

MOUNT = "/execution"


class ReadyFirst:
    """A middleware around the whole webserver (ASGI) that acts once, when the server starts."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand everything on; make the pages before the start is."""
        if scope["type"] == "lifespan":
            with uncollected():
                await _ask_once(scope["app"])
        await self._app(scope, receive, send)


async def _ask_once(webserver: Any) -> None:
    # Every task's process reads the plugin, and needs no client of web pages.
    import httpx

    for mount in webserver.routes:
        if getattr(mount, "path", None) == MOUNT:
            # The answer does not matter: there is none before the pages are made.
            pages = httpx.ASGITransport(mount.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=pages, base_url="http://webserver") as client:
                await client.get("/health")
