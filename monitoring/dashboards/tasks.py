"""Task duration: how long tasks and runs take, and wait."""

from __future__ import annotations

from dashboards.panels import Board, Panel

_DURATION = 'airflow_task_duration_seconds{dag_id=~"$dag", task_id=~"$task"}'

TASKS = Board(
    uid="airfleet-tasks",
    title="2 Task duration",
    description="How long tasks and runs take, and how long they wait.",
    variables=("dag", "task", "queue"),
    panels=(
        Panel(
            title="Duration by task",
            unit="s",
            description="Mean time of the tries that ended, by task.",
            queries=(
                (
                    f"histogram_avg(sum by (dag_id, task_id) (rate({_DURATION}[$__rate_interval])))",
                    "{{dag_id}}.{{task_id}}",
                ),
            ),
            link=("Runs of this Dag in the web UI", "${ui}/dags/${__field.labels.dag_id}/runs"),
        ),
        Panel(
            title="p50 and p95",
            unit="s",
            description="Half and 95 % of the tries of all shown tasks end within these times.",
            queries=(
                (f"histogram_quantile(0.5, sum(rate({_DURATION}[$__range])))", "p50"),
                (f"histogram_quantile(0.95, sum(rate({_DURATION}[$__range])))", "p95"),
            ),
        ),
        Panel(
            title="Distribution",
            unit="s",
            kind="heatmap",
            description="Tries by their duration: a second band that appears is a second kind of run.",
            queries=((f"sum(increase({_DURATION}[$__rate_interval]))", "tries"),),
        ),
        Panel(
            title="Slowest tasks",
            unit="s",
            kind="table",
            description="The ten tasks with the highest 95th percentile of one day.",
            queries=(('topk(10, airflow:task_p95:1d{dag_id=~"$dag"})', ""),),
            link=("This Dag's runs", "${ui}/dags/${__data.fields.dag_id}/runs"),
        ),
        Panel(
            title="Mean against the week's",
            unit="x",
            description="Mean of six hours by the mean of seven days: 2 is twice as slow as usual.",
            queries=(
                (
                    'airflow:task_mean:6h{dag_id=~"$dag", task_id=~"$task"} / airflow:task_mean:7d',
                    "{{dag_id}}.{{task_id}}",
                ),
            ),
            bad_above=2,
        ),
        Panel(
            title="Run duration",
            unit="s",
            description="95 % of the Dag's runs end within this time, by end state.",
            queries=(
                (
                    "histogram_quantile(0.95, sum by (dag_id, state) "
                    '(rate(airflow_dagrun_duration_seconds{dag_id=~"$dag"}[$__range])))',
                    "{{dag_id}} {{state}}",
                ),
            ),
            link=("Runs of this Dag in the web UI", "${ui}/dags/${__field.labels.dag_id}/runs"),
        ),
        Panel(
            title="Scheduled wait",
            unit="s",
            description="95 % of first tries go from scheduled to queued in this time: the wait for pools and limits.",
            queries=(
                (
                    "histogram_quantile(0.95, sum by (dag_id, queue) (rate("
                    'airflow_task_scheduled_wait_seconds{dag_id=~"$dag", queue=~"$queue"}[$__range])))',
                    "{{dag_id}} {{queue}}",
                ),
            ),
        ),
        Panel(
            title="Queue wait",
            unit="s",
            description="Age of the oldest task that is queued and not yet with a worker, by queue.",
            queries=(('max by (queue) (airflow_db_queued_age_seconds{queue=~"$queue"}) or vector(0)', "{{queue}}"),),
            bad_above=300,
        ),
        Panel(
            title="Running now",
            unit="s",
            kind="table",
            description="Tries that run now, the longest first.",
            queries=(
                (
                    'sort_desc(max by (dag_id, task_id) (airflow_db_running_age_seconds{dag_id=~"$dag"})) or vector(0)',
                    "",
                ),
            ),
            link=("This Dag's runs", "${ui}/dags/${__data.fields.dag_id}/runs"),
        ),
    ),
)
