"""Load libcst when a task's source text is to be rewritten, instead of in every process of Airflow.

Only tasks that run in a virtual environment or on another interpreter have their source rewritten, and the one function
that does it needs libcst. Measured: 0.2 of the 1.9 CPU seconds that a role's imports take, and 9 MB of each process.
"""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from airfleet.runtime.patches.patch import INIT, ROLES, Patch

LIBRARY = "libcst"


@contextmanager
def without_it(module: ModuleType) -> Iterator[None]:
    """Let Airflow's *module* be executed without the library."""
    if LIBRARY in sys.modules:
        yield
        return
    stand_in: Any = ModuleType(LIBRARY)
    # All that the module asks of it as it is executed: the base of a class.
    stand_in.CSTTransformer = object
    sys.modules[LIBRARY] = stand_in
    try:
        yield
    finally:
        del sys.modules[LIBRARY]


def change(module: Any) -> None:
    """Let the one function of Airflow's *module* that needs the library load it when it is called."""
    if LIBRARY in sys.modules:
        return
    file = module.__file__

    def remove_task_decorator(python_source: str, task_decorator_name: str) -> str:
        """Return *python_source* without the decorators of the task."""
        whole = _load(f"{module.__name__}_whole", str(file))
        return str(whole.remove_task_decorator(python_source, task_decorator_name))

    module.remove_task_decorator = remove_task_decorator


def _load(name: str, file: str) -> Any:
    """Return the module of *file* as it is, executed once under *name*."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None or spec.loader is None:
            raise ImportError(f"{file} cannot be loaded")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[name] = module
    return sys.modules[name]


PATCH = Patch(
    name="source_trees",
    group="pages",
    roles=(*ROLES, INIT),
    what="libcst is loaded when a task's source text is rewritten instead of in every process of Airflow.",
    gain="0.2 of the 1.9 CPU seconds that a role's imports take, and 9 MB of each process (2026-11-25).",
    risk="The first task of a process that runs in a virtual environment waits 0.2 s for the library.",
    upstream="Import libcst inside remove_task_decorator.",
    replaces=("airflow.sdk.definitions._internal.decorators:remove_task_decorator",),
    sources={
        "airflow.sdk.definitions._internal.decorators:remove_task_decorator": "29844ae44c81bc2a",
        "airflow.sdk.definitions._internal.decorators:_TaskDecoratorRemover": "3559dd77a925e7d7",
    },
    change=change,
    around=without_it,
)
