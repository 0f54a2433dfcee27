"""Registers the listener that ends a task whose supervising process is gone; see airfleet.resilience.orphans."""

from airflow.plugins_manager import AirflowPlugin

from airfleet.resilience import orphans


class AirfleetOrphans(AirflowPlugin):
    """Lets every task process bind itself to the process that watches it."""

    name = "airfleet_orphans"
    listeners = [orphans]  # noqa: RUF012 - Airflow's own interface
