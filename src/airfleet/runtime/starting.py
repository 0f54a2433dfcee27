"""What a role does as it starts: a listener for those with a job, a middleware for the webserver.

The plugin airfleet_roles registers both.
"""

from typing import Any

from airflow.listeners import hookimpl

from airfleet.runtime import early_pages, preload
from airfleet.runtime.patches import hook, process
from airfleet.runtime.patches.patch import DAG_PROCESSOR


@hookimpl  # type: ignore[untyped-decorator]
def on_starting(component: Any) -> None:
    """Prepare the role whose job *component* is, and report its changes; a task's process has no job."""
    if type(component).__name__ != "Job":
        return
    if process.role() == DAG_PROCESSOR and hook.wants(preload.PATCH.name):
        preload.for_parsing()
    hook.complete()


class ReadyFirst:
    """A middleware around the whole webserver (ASGI) that acts once, when the server starts."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand everything on; make the pages before the start is, and report the webserver's changes."""
        if scope["type"] == "lifespan":
            if hook.wants(early_pages.PATCH.name):
                await early_pages.make_pages(scope["app"])
            hook.complete()
        await self._app(scope, receive, send)
