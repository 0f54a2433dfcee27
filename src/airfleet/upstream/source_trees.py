"""Load libcst when a task's source text is to be rewritten, instead of in every process of Airflow.

Only tasks that run in a virtual environment or on another interpreter have their source rewritten, and the one function
that does it needs libcst. Measured: 0.2 of the 1.9 CPU seconds that a role's imports take, and 9 MB of each process.
"""

import importlib.util
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

LIBRARY = "libcst"


def change(module: ModuleType, execute: Callable[[], None]) -> None:
    """Execute Airflow's *module* without the library, and let its function load it when it is called."""
    if LIBRARY in sys.modules:
        execute()
        return
    stand_in: Any = ModuleType(LIBRARY)
    # All that the module asks of it as it is executed: the base of a class.
    stand_in.CSTTransformer = object
    sys.modules[LIBRARY] = stand_in
    try:
        execute()
    finally:
        del sys.modules[LIBRARY]
    file = module.__file__

    def remove_task_decorator(python_source: str, task_decorator_name: str) -> str:
        """Return *python_source* without the decorators of the task."""
        whole = _load(f"{module.__name__}_whole", str(file))
        return str(whole.remove_task_decorator(python_source, task_decorator_name))

    module.remove_task_decorator = remove_task_decorator  # type: ignore[attr-defined]


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
