"""Registers what changes roles as they start; see airfleet.upstream."""

from airflow.plugins_manager import AirflowPlugin

from airfleet.upstream import starting
from airfleet.upstream.webserver import ReadyFirst


class AirfleetRoles(AirflowPlugin):
    """Lets a role that starts be changed before it does anything."""

    name = "airfleet_roles"
    listeners = [starting]  # noqa: RUF012 - Airflow's own interface
    fastapi_root_middlewares = [{"middleware": ReadyFirst, "name": "Ready first"}]  # noqa: RUF012 - the same
