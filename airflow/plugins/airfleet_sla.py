"""Registers the listeners for SLAs and deadlines, and the start of deadlines; see airfleet.sla."""

from airflow.plugins_manager import AirflowPlugin

from airfleet.sla import ended_runs, listener
from airfleet.sla.deadline import RunQueued


class AirfleetSla(AirflowPlugin):
    """Registers the listeners in every process, and run deadlines in the scheduler and webserver."""

    name = "airfleet_sla"
    listeners = [listener, ended_runs]  # noqa: RUF012 - Airflow's own interface
    deadline_references = [RunQueued]  # noqa: RUF012 - the same
