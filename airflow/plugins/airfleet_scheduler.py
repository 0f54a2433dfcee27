"""Registers the listener that makes a starting scheduler poll with care; see airfleet.upstream."""

from airflow.plugins_manager import AirflowPlugin

from airfleet.upstream import scheduler


class AirfleetScheduler(AirflowPlugin):
    """Lets a scheduler that starts be changed before its first loop."""

    name = "airfleet_scheduler"
    listeners = [scheduler]  # noqa: RUF012 - Airflow's own interface
