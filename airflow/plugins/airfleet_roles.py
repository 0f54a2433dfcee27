"""Registers what roles and tasks' processes do as they start; see airfleet.runtime."""

from airflow.plugins_manager import AirflowPlugin

from airfleet.runtime import orphans, starting


class AirfleetRoles(AirflowPlugin):
    """Lets a role prepare itself and report its changes, and binds a task's process to its supervisor."""

    name = "airfleet_roles"
    listeners = [starting, orphans]  # noqa: RUF012 - Airflow's own interface
    fastapi_root_middlewares = [{"middleware": starting.ReadyFirst, "name": "Ready first"}]  # noqa: RUF012 - the same
