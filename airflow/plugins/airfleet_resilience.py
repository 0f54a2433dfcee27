"""Registers what airfleet.runtime adds to tasks' processes."""

from airflow.plugins_manager import AirflowPlugin

from airfleet.runtime import orphans


class AirfleetResilience(AirflowPlugin):
    """Lets a task's process bind itself to the one that watches it."""

    name = "airfleet_resilience"
    listeners = [orphans]  # noqa: RUF012 - Airflow's own interface
