"""The dashboards on SLAs and on retries and failures."""

from __future__ import annotations

from dashboards.panels import Board, Panel

_FINISH = 'airflow_task_finish_total{dag_id=~"$dag"}'

SLA = Board(
    uid="airfleet-sla",
    title="3 SLA",
    description="Deadlines of runs and SLAs of tasks: met, missed, and being missed now.",
    variables=("dag",),
    panels=(
        Panel(
            title="Deadlines by outcome",
            unit="short",
            description="Deadlines within the shown time: created, met (not_missed), missed (approximate).",
            queries=(
                (
                    'sum by (dag_id, outcome) (increase(airflow_deadlines_total{dag_id=~"$dag"}[$__range]))',
                    "{{dag_id}} {{outcome}}",
                ),
            ),
            kind="stat",
        ),
        Panel(
            title="Deadline miss ratio",
            unit="percentunit",
            description="Share of the runs with a deadline that missed it, over one day.",
            queries=(('airflow:deadline_miss_ratio:1d{dag_id=~"$dag"}', "{{dag_id}}"),),
            bad_above=0.05,
        ),
        Panel(
            title="Burn rate",
            unit="x",
            description="Speed at which the 5 % of runs that may miss their deadline are used up; 1 uses up all.",
            queries=(('airflow:deadline_burn_rate:1d{dag_id=~"$dag"}', "{{dag_id}}"),),
            bad_above=2,
        ),
        Panel(
            title="Deadlines now",
            unit="short",
            description="Deadlines in the metadata database by alert name: pending, missed, or past and not evaluated.",
            queries=(
                (
                    'sum by (dag_id, alert, state) (airflow_db_deadlines{dag_id=~"$dag"})',
                    "{{dag_id}} {{alert}} {{state}}",
                ),
            ),
        ),
        Panel(
            title="Deadline callbacks",
            unit="short",
            description="Callbacks of missed deadlines that the triggerer ran within the shown time.",
            queries=(("sum by (outcome) (increase(airflow_deadline_callbacks_total[$__range]))", "{{outcome}}"),),
            kind="stat",
        ),
        Panel(
            title="Task SLA",
            unit="short",
            description="Tries that ended within (met) and after (missed) the SLA beside their task.",
            queries=(
                (
                    'sum by (dag_id, task_id) (increase(airflow_task_sla_missed_total{dag_id=~"$dag"}[$__range]))',
                    "{{dag_id}}.{{task_id}} missed",
                ),
                (
                    'sum by (dag_id, task_id) (increase(airflow_task_sla_met_total{dag_id=~"$dag"}[$__range]))',
                    "{{dag_id}}.{{task_id}} met",
                ),
            ),
            kind="stat",
        ),
        Panel(
            title="Running time over SLA",
            unit="percentunit",
            description="Running time of the oldest try by its task's SLA; above 1 it is late and still runs.",
            queries=(
                (
                    'max by (dag_id, task_id) (airflow_db_running_age_seconds{dag_id=~"$dag"})'
                    " / on (dag_id, task_id) max by (dag_id, task_id) (airflow_task_sla_seconds) or vector(0)",
                    "{{dag_id}}.{{task_id}}",
                ),
            ),
            bad_above=1,
        ),
        Panel(
            title="SLAs declared",
            unit="s",
            kind="table",
            description="Every task's SLA.",
            queries=(('max by (dag_id, task_id) (airflow_task_sla_seconds{dag_id=~"$dag"})', ""),),
        ),
        Panel(
            title="Dags without an SLA",
            unit="short",
            kind="table",
            description="Dags with neither a deadline nor a task with an SLA.",
            queries=(("max by (dag_id) (airflow_dag_sla_declared == 0)", ""),),
        ),
    ),
)

RETRIES = Board(
    uid="airfleet-retries",
    title="4 Retries and failures",
    description="Failed, retried and killed tries.",
    variables=("dag", "task"),
    panels=(
        Panel(
            title="Tries that failed and go again",
            unit="short",
            description="Tries that failed and are retried, per interval, by task.",
            queries=(
                (
                    "sum by (dag_id, task_id) (increase("
                    'airflow_db_task_failures_total{dag_id=~"$dag", task_id=~"$task", state="up_for_retry"}'
                    "[$__rate_interval]))",
                    "{{dag_id}}.{{task_id}}",
                ),
            ),
        ),
        Panel(
            title="Most retried tasks",
            unit="short",
            kind="table",
            description="The ten tasks with the most retries within the shown time.",
            queries=(
                (
                    "topk(10, sum by (dag_id, task_id) (increase("
                    'airflow_db_task_failures_total{dag_id=~"$dag", state="up_for_retry"}[$__range])))',
                    "",
                ),
            ),
            link=("This Dag's runs", "${ui}/dags/${__data.fields.dag_id}/runs"),
        ),
        Panel(
            title="Retry ratio",
            unit="percentunit",
            description="Share of all tries of six hours that failed and were retried.",
            queries=(('airflow:retry_ratio:6h{dag_id=~"$dag"}', "{{dag_id}}"),),
            bad_above=0.25,
        ),
        Panel(
            title="Highest try now",
            unit="short",
            description="Current try number of unfinished tasks, from the second try on.",
            queries=(
                (
                    'max by (dag_id, task_id) (airflow_db_task_tries{dag_id=~"$dag"}) or vector(0)',
                    "{{dag_id}}.{{task_id}}",
                ),
            ),
        ),
        Panel(
            title="Tries by end state",
            unit="short",
            description="Tries that ended within the shown time, by end state.",
            queries=((f"sum by (dag_id, state) (increase({_FINISH}[$__range]))", "{{dag_id}} {{state}}"),),
            kind="stat",
        ),
        Panel(
            title="Failures by operator",
            unit="cps",
            description="Failed tries a second by class of operator, retried or not.",
            queries=(
                (
                    'sum by (operator_name) (rate(airflow_operator_finish_total{outcome="failed"}[$__rate_interval]))',
                    "{{operator_name}}",
                ),
            ),
        ),
        Panel(
            title="Error budget left",
            unit="percentunit",
            description="Rest of the 1 % of finished tries that may fail in three days. Below 0: exceeded.",
            queries=(
                ('airflow:task_error_budget_left:3d{dag_id=~"$dag"}', "{{dag_id}} left"),
                ('airflow:task_error_ratio:1h{dag_id=~"$dag"}', "{{dag_id}} failing, 1 h"),
            ),
            bad_below=0,
        ),
        Panel(
            title="Tasks killed",
            unit="short",
            description="Tries that ended without a report from their process, by reason, from the metadata database.",
            queries=(
                (
                    'sum by (dag_id, reason) (increase(airflow_db_tasks_killed_total{dag_id=~"$dag"}[$__range]))',
                    "{{dag_id}} {{reason}}",
                ),
            ),
        ),
        Panel(
            title="StatsD against database",
            unit="short",
            description="Ends of tries within the shown time as StatsD and as the metadata database count them. "
            "StatsD hears nothing of a killed try, and loses what its buffers lose.",
            queries=(
                (
                    'sum(increase(airflow_task_finish_total{dag_id=~"$dag", '
                    'state=~"success|failed|up_for_retry|skipped"}[$__range]))',
                    "StatsD",
                ),
                ('sum(increase(airflow_db_task_ends_total{dag_id=~"$dag"}[$__range]))', "database"),
            ),
        ),
        Panel(
            title="Newest failed tries",
            unit="short",
            kind="table",
            wide=True,
            description="From the metadata database, with a link to the log.",
            sql="SELECT end_date, dag_id, task_id, run_id, map_index, try_number, hostname, duration"
            " FROM task_instance WHERE state = 'failed' AND $__timeFilter(end_date)"
            " UNION ALL"
            " SELECT end_date, dag_id, task_id, run_id, map_index, try_number, hostname, duration"
            " FROM task_instance_history WHERE state = 'failed' AND $__timeFilter(end_date)"
            " ORDER BY end_date DESC LIMIT 50",
            link=(
                "Log of this try",
                "${ui}/dags/${__data.fields.dag_id}/runs/${__data.fields.run_id}/tasks/${__data.fields.task_id}"
                "?try_number=${__data.fields.try_number}",
            ),
        ),
    ),
)
