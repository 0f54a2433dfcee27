"""Registers the listener that counts SLA misses of tasks, and what run deadlines count from; see airfleet.sla."""

from airflow.plugins_manager import AirflowPlugin

from airfleet.sla import listener
from airfleet.sla.deadline import RunQueued


class AirfleetSla(AirflowPlugin):
    """Lets every task process report its end to the listener, and the scheduler and webserver know run deadlines."""

    name = "airfleet_sla"
    listeners = [listener]  # noqa: RUF012 - Airflow's own interface
    deadline_references = [RunQueued]  # noqa: RUF012 - the same
