"""What a webserver does before it answers anybody: make the Execution API's pages.

Airflow makes them, for every version of that API, at the first request of the first task, and answers nothing else
meanwhile: for seconds the tasks wait, and no health check is answered. `starting` calls this.
Measured on 2 cores beside a starting stack (2026-11-23): the webserver did not answer for 6.7 and 8.6 s after the first
task had begun.
"""

from typing import Any

from airfleet.runtime.patches.patch import WEBSERVER, Patch

MOUNT = "/execution"


async def make_pages(webserver: Any) -> None:
    """Let the Execution API that is mounted on *webserver* (FastAPI) make its pages."""
    # Every task's process reads the plugin, and needs no client of web pages.
    import httpx

    for mount in webserver.routes:
        if getattr(mount, "path", None) == MOUNT:
            # The answer does not matter: there is none before the pages are made.
            pages = httpx.ASGITransport(mount.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=pages, base_url="http://webserver") as client:
                await client.get("/health")


PATCH = Patch(
    name="early_pages",
    group="pages",
    roles=(WEBSERVER,),
    what="The webserver makes the Execution API's pages before it answers, not at the first task's first request.",
    gain="No health check or task waits the 6.7 to 8.6 s that this takes on 2 cores beside a starting stack"
    " (2026-11-23).",
    risk="The webserver answers its first request as much later.",
    upstream="Initialise the Cadwyn application in create_task_execution_api_app.",
)
