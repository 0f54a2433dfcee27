"""Let the Execution API speak its newest versions alone.

Airflow makes its pages once for each of the nine versions that a worker of any age might speak, in the webserver and,
where a Dag or trigger asks for a connection, in the dag-processor and triggerer. All roles here are of one image; a
worker of the minor version before is still understood, so that workers on other machines may be upgraded last.

Measured (2026-11-25): nine versions take 2.4 CPU seconds and 49 MB, three 0.9 and 18.
"""

from typing import Any

from airfleet.runtime.patches.patch import DAG_PROCESSOR, TRIGGERER, WEBSERVER, Patch

# The version of the installed Airflow, that of the minor version before, and the one that the latter is told by.
KEPT = 3


def change(module: Any) -> None:
    """Keep the newest of the versions that Airflow's *module* lists."""
    module.bundle = newest(module.bundle, KEPT)


def newest(bundle: Any, count: int) -> Any:
    """Return a bundle of the *count* newest versions of *bundle*, which is of no use afterwards."""
    from cadwyn import Version, VersionBundle

    for version in bundle.versions:
        for what_changed in version.changes:
            # A change belongs to one bundle.
            what_changed._bound_version_bundle = None
    *kept, oldest = bundle.versions[:count]
    # The oldest is what the others are told by: how it came about is told no more.
    return VersionBundle(bundle.head_version, *kept, Version(oldest.value), api_version_var=bundle.api_version_var)


PATCH = Patch(
    name="api_versions",
    group="pages",
    roles=(WEBSERVER, DAG_PROCESSOR, TRIGGERER),
    what="The Execution API is made for the newest three of its nine versions: this and the last minor version's.",
    gain="0.9 CPU seconds and 18 MB instead of 2.4 and 49, in each process that makes the pages (2026-11-25).",
    risk="A worker that is two minor versions older than the webserver is refused.",
    upstream="Make a version's pages when a client first asks for that version.",
    replaces=("airflow.api_fastapi.execution_api.versions:bundle",),
    sources={
        "airflow.api_fastapi.execution_api.app:create_task_execution_api_app": "d1f969e0ef3c23cd",
        "cadwyn.structure.versions:VersionBundle.__init__": "73c8a5f2d1119b2d",
    },
    change=change,
)
