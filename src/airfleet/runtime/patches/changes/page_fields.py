"""Let FastAPI make the validator of an argument or an answer when it is first used.

It makes one for each argument and answer of each page, and that again whenever a group of pages becomes part of a
larger one: the webserver of Airflow begins with thousands, of which only those of the outermost group are ever used,
and most of them never are. The dag-processor and the triggerer hold the Execution API's pages as well.

Measured (2026-11-26, a slow machine, three times each in turn): the imports and pages of a webserver take 9 CPU seconds
and 211 MiB, not 12 and 250.

A page of a plugin whose types pydantic cannot validate is found at its first use, no longer at the start.
"""

import threading
from typing import Any

from airfleet.runtime.patches.patch import DAG_PROCESSOR, TRIGGERER, WEBSERVER, Patch

_NAME = "_type_adapter"


def change(module: Any) -> None:
    """Put off what the ModelField of FastAPI's *module* makes."""
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


PATCH = Patch(
    name="page_fields",
    group="pages",
    roles=(WEBSERVER, DAG_PROCESSOR, TRIGGERER),
    what="FastAPI makes the validator of a page's argument or answer when it is first used.",
    gain="A webserver's imports and pages take 9 CPU seconds and 211 MiB instead of 12 and 250 (2026-11-26, a slow"
    " machine).",
    risk="A page of a plugin whose types pydantic cannot validate fails at its first use instead of at the start.",
    upstream="Make ModelField._type_adapter a cached property.",
    replaces=("fastapi._compat.v2:ModelField.__post_init__",),
    sources={"fastapi._compat.v2:ModelField": "a614a294aaafb3fb"},
    change=change,
)
