"""Registers what roles do as they start; see airfleet.runtime."""

from airflow.plugins_manager import AirflowPlugin

from airfleet.runtime import starting
from airfleet.runtime.early_pages import ReadyFirst


class AirfleetRoles(AirflowPlugin):
    """Lets a role prepare itself before it does anything, and report the changes that it applied."""

    name = "airfleet_roles"
    listeners = [starting]  # noqa: RUF012 - Airflow's own interface
    fastapi_root_middlewares = [{"middleware": ReadyFirst, "name": "Ready first"}]  # noqa: RUF012 - the same
