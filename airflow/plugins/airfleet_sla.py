"""Registers the listener that counts SLA misses of tasks; see airfleet.sla."""

from airflow.plugins_manager import AirflowPlugin

from airfleet.sla import listener


class AirfleetSla(AirflowPlugin):
    """Lets every task process report its end to the listener."""

    name = "airfleet_sla"
    listeners = [listener]  # noqa: RUF012 - Airflow's own interface
