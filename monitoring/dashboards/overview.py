"""Overview: the state of the stack, and where to look next."""

from __future__ import annotations

from dashboards.panels import Board, Panel

OVERVIEW = Board(
    uid="airfleet-overview",
    title="1 Overview",
    description="The state of the stack, and where to look next.",
    variables=("dag",),
    panels=(
        Panel(
            title="Firing alerts",
            unit="short",
            kind="table",
            description="Alerts that fire now; each has a section in monitoring/runbook.md.",
            queries=(('sum by (alertname, severity, dag_id) (ALERTS{alertstate="firing"}) or vector(0)', ""),),
        ),
        Panel(
            title="Heartbeats",
            unit="cps",
            description="Heartbeats a second. A role whose line is at 0 is down.",
            queries=(("sum by (component) (rate(airflow_heartbeats_total[2m]))", "{{component}}"),),
        ),
        Panel(
            title="Components",
            unit="bool_yes_no",
            kind="stat",
            description="The webserver's health page: itself and the other components.",
            queries=(
                ("max by (component) (airfleet_component_healthy)", "{{component}}"),
                ("max(airfleet_webserver_up) or vector(0)", "webserver"),
            ),
            bad_below=1,
        ),
        Panel(
            title="Error budget left",
            unit="percentunit",
            description="Rest of the 1 % of finished tries that may fail in three days. Below 0: exceeded.",
            queries=(('airflow:task_error_budget_left:3d{dag_id=~"$dag"}', "{{dag_id}}"),),
            bad_below=0,
        ),
        Panel(
            title="Runs ended",
            unit="short",
            description="Dag runs that ended within the shown time, by end state (approximate: extrapolated).",
            queries=(
                (
                    "histogram_count(sum by (dag_id, state) "
                    '(increase(airflow_dagrun_duration_seconds{dag_id=~"$dag"}[$__range])))',
                    "{{dag_id}} {{state}}",
                ),
            ),
            kind="stat",
        ),
        Panel(
            title="Runs now",
            unit="short",
            description="Dag runs queued and running, from the metadata database.",
            queries=(
                ('sum by (state) (airflow_db_unfinished_runs{dag_id=~"$dag"}) or vector(0)', "{{state}}"),
                ("max(airflow_dagruns_running)", "running, says the scheduler"),
            ),
        ),
        Panel(
            title="Tasks now",
            unit="short",
            description="Unfinished task instances by state, from the metadata database.",
            queries=(("max by (state) (airflow_db_unfinished_tasks)", "{{state}}"),),
        ),
        Panel(
            title="Queue depth",
            unit="short",
            description="Tasks in Redis that wait for a worker.",
            queries=(("airflow:queue_depth", "{{queue}}"),),
        ),
        Panel(
            title="Tries ended",
            unit="cps",
            description="Tries that ended a second, by end state; up_for_retry has failed and is retried.",
            queries=(
                (
                    'sum by (state) (rate(airflow_task_finish_total{dag_id=~"$dag"}[$__rate_interval]))',
                    "{{state}}",
                ),
            ),
        ),
    ),
)
