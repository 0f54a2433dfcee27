"""What the first `up` runs: the module that prepares, and the Dags, as FIRST_RUN in .env names them."""

import subprocess
import sys
from collections.abc import Callable

from airfleet.api import AirflowApi, DagRun, TaskRun
from airfleet.embedded.instances import addresses, process_environment
from airfleet.errors import AirfleetError
from airfleet.paths import Paths
from airfleet.roles import postgres_dsn
from airfleet.runs import Watch, first_run
from airfleet.settings import Settings


def run(
    settings: Settings, paths: Paths, say: Callable[[str], None], watch: Watch
) -> tuple[list[DagRun], list[TaskRun]]:
    """Prepare, then see each Dag through its first run; return the finished runs and their tasks.

    A Dag that fails ends the sequence: those after it stand on its rows.
    """
    module, _, dag_ids = settings.first_run.partition(":")
    if module:
        _prepare(module, settings, paths, say)
    finished: list[DagRun] = []
    tasks: list[TaskRun] = []
    with AirflowApi(settings) as api:
        for dag_id in filter(None, dag_ids.split(",")):
            say(f"{dag_id}: waiting for its first run")
            run = first_run(api, dag_id, watch)
            finished.append(run)
            tasks += api.tasks(run)
            if run.state != "success":
                break
    return finished, tasks


def _prepare(module: str, settings: Settings, paths: Paths, say: Callable[[str], None]) -> None:
    say(f"python -m {module}")
    at = addresses(settings).postgres
    warehouse = {
        "RETAIL_WAREHOUSE_URL": postgres_dsn("warehouse_loader", settings.warehouse_loader_password, at, "warehouse"),
        "RETAIL_WAREHOUSE_ADMIN_URL": postgres_dsn("postgres", settings.postgres_password, at, "warehouse"),
    }
    done = subprocess.run(
        [sys.executable, "-P", "-m", module],
        env=process_environment(paths) | warehouse,
        capture_output=True,
        text=True,
        check=False,
    )
    (paths.role_logs / "first-run.log").write_text(done.stdout + done.stderr)
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise AirfleetError(f"python -m {module} (FIRST_RUN in .env) failed:\n{tail}")
