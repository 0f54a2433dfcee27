"""Leave what tasks ask and are answered well out of the webserver's access log.

A task makes some five calls, each a line: what people and programs ask is lost among them, and writing them was 8 % of
the webserver's CPU seconds in a burst. A call that is refused or fails is written as before, and so is every other
request.
"""

from typing import Any

from airfleet.runtime.early_pages import MOUNT
from airfleet.runtime.patches.patch import WEBSERVER, Patch

_FIRST_REFUSAL = 400


def change(module: Any) -> None:
    """Give Airflow's *module* a logger that leaves lines out."""
    module.logger = _WithoutTasks(module.logger)


class _WithoutTasks:
    """The logger of the access log, as far as its one user knows it."""

    def __init__(self, logger: Any) -> None:
        self._logger = logger

    def info(self, event: str, *, path: str, status_code: int, **rest: Any) -> None:
        """Write a request's line, unless it is a task's and was answered."""
        if not path.startswith(f"{MOUNT}/") or status_code >= _FIRST_REFUSAL:
            self._logger.info(event, path=path, status_code=status_code, **rest)


PATCH = Patch(
    name="access_log",
    group="webserver",
    roles=(WEBSERVER,),
    what="The webserver's access log has no line for a task's call that was answered well.",
    gain="8 % of the webserver's CPU seconds in a burst (2026-11-26).",
    risk="A task's successful calls cannot be read from the access log; refused and failed ones can.",
    upstream="Let HttpAccessLogMiddleware take a pattern of paths that it does not log while they are answered well.",
    replaces=("airflow.api_fastapi.common.http_access_log:logger",),
    sources={"airflow.api_fastapi.common.http_access_log:HttpAccessLogMiddleware.__call__": "9e70ab31574eded3"},
    change=change,
)
