"""Build pydantic's validators once a worker instead of several times a task.

A task's process makes a TypeAdapter for the supervisor's messages and one more for each template field of its task,
always of the same types. Building one means to compile a schema; measured, 5 % of a worker's CPU seconds in a burst.
"""

from collections.abc import Callable
from typing import Any

from airfleet.runtime.patches.patch import WORKER, Patch

# Which type every task needs one of, by module: built before the fork.
_NEEDED = {"airflow.sdk.execution_time.comms": "ToTask", "airflow.sdk.execution_time.task_runner": "JsonValue"}


def change(module: Any) -> None:
    """Let *module* get each adapter of a type from memory once it was built, and build the one that tasks need."""
    module.TypeAdapter = kept(module.TypeAdapter)
    module.TypeAdapter(getattr(module, _NEEDED[module.__name__]))


def kept(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return *build* with a memory: by identity, as annotated types need not have a hash."""
    # The type is kept as well, so that no other can come to have its identity.
    memory: dict[int, tuple[Any, Any]] = {}

    def adapter(kind: Any) -> Any:
        if id(kind) not in memory:
            memory[id(kind)] = (kind, build(kind))
        return memory[id(kind)][1]

    return adapter


PATCH = Patch(
    name="adapters",
    group="fork",
    roles=(WORKER,),
    what="pydantic's validators for a supervisor's messages and for template fields are built once a worker.",
    gain="5 % of a worker's CPU seconds in a burst (2026-11-24).",
    risk="None known: a validator has no state. One that is kept takes some KiB for as long as the worker lives.",
    upstream="Make the adapters module-level constants of comms and task_runner, as their types never change.",
    replaces=("airflow.sdk.execution_time.comms:TypeAdapter", "airflow.sdk.execution_time.task_runner:TypeAdapter"),
    sources={
        "airflow.sdk.execution_time.comms:CommsDecoder": "93919e4dc0bba905",
        "airflow.sdk.execution_time.task_runner:_serialize_rendered_fields": "cacd37ff4beb125c",
    },
    change=change,
)
