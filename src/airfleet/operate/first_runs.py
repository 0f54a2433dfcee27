"""The first runs of `up`: a module that prepares, and Dags, as FIRST_RUN in .env names them."""

from airfleet.operate.airflow_api import AirflowApi, DagRun, TaskRun
from airfleet.operate.runs import Watch, first_run
from airfleet.stack.protocol import Say, Stack
from airfleet.stack.roles import postgres_dsn


def run(stack: Stack, say: Say, watch: Watch) -> tuple[list[DagRun], list[TaskRun]]:
    """Prepare, then run each Dag once; return the finished runs and their tasks.

    A Dag that fails ends the sequence, as later Dags need its rows.
    """
    module, _, dag_ids = stack.settings.first_run.partition(":")
    if module:
        say(f"python -m {module}")
        stack.run_module(module, preparation_environment(stack))
    finished: list[DagRun] = []
    tasks: list[TaskRun] = []
    with AirflowApi(stack.settings) as api:
        for dag_id in filter(None, dag_ids.split(",")):
            say(f"{dag_id}: waiting for its first run")
            run = first_run(api, dag_id, watch)
            finished.append(run)
            tasks += api.tasks(run)
            if run.state != "success":
                break
    return finished, tasks


def command_environment(stack: Stack) -> dict[str, str]:
    """Return the variables of a team command: the warehouse's address, as loader, and the workers' variables."""
    settings, at = stack.settings, stack.addresses.postgres
    outside = settings.warehouse_url.get_secret_value()
    loader = postgres_dsn("warehouse_loader", settings.warehouse_loader_password, at, "warehouse")
    return {"WAREHOUSE_URL": outside or loader} | settings.worker_variables


def preparation_environment(stack: Stack) -> dict[str, str]:
    """Return the superuser's address too, for tables that the loader must not own; an outside one has one owner."""
    settings, at = stack.settings, stack.addresses.postgres
    outside = settings.warehouse_url.get_secret_value()
    superuser = postgres_dsn("postgres", settings.postgres_password, at, "warehouse")
    return command_environment(stack) | {"WAREHOUSE_ADMIN_URL": outside or superuser}
