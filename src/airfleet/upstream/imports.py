"""Change modules of Airflow and of what it stands on as they are imported: some would have loaded, started or asked
what is not needed.

sitecustomize installs this in every process, before anything of Airflow is there. A process that never imports a module
pays nothing for its change.
"""

import importlib
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

# Each names a module here with a function `change(module, execute)`, which executes the module and changes it.
CHANGED = {
    "airflow": "airfleet.upstream.quiet_imports",
    "airflow.api_fastapi.auth.middlewares.refresh_token": "airfleet.upstream.middlewares",  # nosec B105 - a module
    "airflow.api_fastapi.main": "airfleet.upstream.quiet_imports",
    "airflow.api_fastapi.common.http_access_log": "airfleet.upstream.access_log",
    "airflow.api_fastapi.execution_api.app": "airfleet.upstream.middlewares",
    "airflow.api_fastapi.execution_api.versions": "airfleet.upstream.api_versions",
    "airflow.cli.commands.scheduler_command": "airfleet.upstream.health_page",
    "airflow.sdk.definitions._internal.decorators": "airfleet.upstream.source_trees",
    "fastapi._compat.v2": "airfleet.upstream.page_fields",
    "sqlalchemy.dialects.postgresql.psycopg2": "airfleet.upstream.pings",
}


def install() -> None:
    """Let this process, and those that it forks, import them changed; once."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds the modules of CHANGED where Python does, and has them executed by what changes them."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name not in CHANGED:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            loader.exec_module = partial(_execute, CHANGED[name], loader.exec_module)
        return spec


def _execute(change: str, execute: Callable[[ModuleType], None], module: ModuleType) -> None:
    from airfleet.upstream import guard

    known = guard.KNOWN[module.__name__.partition(".")[0]]
    if guard.fits(known, change):
        importlib.import_module(change).change(module, partial(execute, module))
    else:
        execute(module)
