"""Registers the listener that changes roles as they start; see airfleet.upstream."""

from airflow.plugins_manager import AirflowPlugin

from airfleet.upstream import starting


class AirfleetRoles(AirflowPlugin):
    """Lets a role that starts be changed before it does anything."""

    name = "airfleet_roles"
    listeners = [starting]  # noqa: RUF012 - Airflow's own interface
