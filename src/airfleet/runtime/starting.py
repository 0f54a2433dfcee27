"""What a scheduler, dag-processor or triggerer does as it starts; the plugin airfleet_roles registers this listener."""

from typing import Any

from airflow.listeners import hookimpl

from airfleet.runtime import preload
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
