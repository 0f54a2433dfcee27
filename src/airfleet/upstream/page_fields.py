"""Let FastAPI make the validator of an argument or an answer when it is first used.

It makes one for each argument and answer of each page, and that again whenever a group of pages becomes part of a
larger one: the webserver of Airflow begins with thousands, of which only those of the outermost group are ever used,
and most of them never are. The dag-processor and the triggerer hold the Execution API's pages as well.

Measured (2026-11-26, a slow machine, three times each in turn): the imports and pages of a webserver take 9 CPU seconds
and 211 MiB, not 12 and 250.

A page of a plugin whose types pydantic cannot validate is found at its first use, no longer at the start.
"""

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

_NAME = "_type_adapter"


def change(module: ModuleType, execute: Callable[[], None]) -> None:
    """Execute FastAPI's *module*, and put off what its ModelField makes."""
    execute()
    put_off(module.ModelField)


def put_off(field: Any) -> None:
    """Let instances of *field* do what their __post_init__ does when its result is first asked for."""
    make = field.__post_init__
    # It changes the process's warnings for a moment, and pages are answered in threads.
    lock = threading.Lock()

    def __getattr__(self: Any, name: str) -> Any:
        if name != _NAME:
            raise AttributeError(name)
        with lock:
            if name not in vars(self):
                make(self)
        return vars(self)[name]

    field.__post_init__ = lambda self: None
    field.__getattr__ = __getattr__
