"""Leave what tasks ask and are answered well out of the webserver's access log.

A task makes some five calls, each a line: what people and programs ask is lost among them, and writing them was 8 % of
the webserver's CPU seconds in a burst. A call that is refused or fails is written as before, and so is every other
request.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from airfleet.upstream.webserver import MOUNT

_FIRST_REFUSAL = 400


def change(module: ModuleType, execute: Callable[[], None]) -> None:
    """Execute Airflow's *module*, and give it a logger that leaves lines out."""
    execute()
    module.logger = _WithoutTasks(module.logger)  # type: ignore[attr-defined]


class _WithoutTasks:
    """The logger of the access log, as far as its one user knows it."""

    def __init__(self, logger: Any) -> None:
        self._logger = logger

    def info(self, event: str, *, path: str, status_code: int, **rest: Any) -> None:
        """Write a request's line, unless it is a task's and was answered."""
        if not path.startswith(f"{MOUNT}/") or status_code >= _FIRST_REFUSAL:
            self._logger.info(event, path=path, status_code=status_code, **rest)
