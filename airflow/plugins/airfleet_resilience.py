"""Registers what airfleet.resilience adds to tasks' processes and to the dag-processor."""

from airflow.plugins_manager import AirflowPlugin

from airfleet.resilience import orphans, parsing


class AirfleetResilience(AirflowPlugin):
    """Lets a task's process bind itself to the one that watches it, and the dag-processor show files that crash it."""

    name = "airfleet_resilience"
    listeners = [orphans, parsing]  # noqa: RUF012 - Airflow's own interface
