"""Build pydantic's validators once a worker instead of several times a task.

A task's process makes a TypeAdapter for the supervisor's messages and one more for each template field of its task,
always of the same types. Building one means to compile a schema; measured, 5 % of a worker's CPU seconds in a burst.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any


def install() -> None:
    """Keep the adapters of task processes, and build those that every task needs."""
    from airflow.sdk.execution_time import comms, task_runner

    for module in (comms, task_runner):
        keep(module)
    for adapter_of, kind in ((comms.TypeAdapter, comms.ToTask), (task_runner.TypeAdapter, task_runner.JsonValue)):
        adapter_of(kind)


def keep(module: ModuleType) -> None:
    """Let *module* get each adapter of a type from memory once it was built."""
    module.TypeAdapter = kept(module.TypeAdapter)  # type: ignore[attr-defined]


def kept(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return *build* with a memory: by identity, as annotated types need not have a hash."""
    # The type is kept as well, so that no other can come to have its identity.
    memory: dict[int, tuple[Any, Any]] = {}

    def adapter(kind: Any) -> Any:
        if id(kind) not in memory:
            memory[id(kind)] = (kind, build(kind))
        return memory[id(kind)][1]

    return adapter
