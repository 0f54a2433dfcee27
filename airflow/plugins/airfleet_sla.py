"""Registers the listener that counts SLA misses of tasks, and the start of run deadlines; see airfleet.sla."""

from airflow.plugins_manager import AirflowPlugin

from airfleet.sla import listener
from airfleet.sla.deadline import RunQueued


class AirfleetSla(AirflowPlugin):
    """Registers the listener in every task process, and run deadlines in the scheduler and webserver."""

    name = "airfleet_sla"
    listeners = [listener]  # noqa: RUF012 - Airflow's own interface
    deadline_references = [RunQueued]  # noqa: RUF012 - the same
