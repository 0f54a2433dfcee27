"""Scheduler and Dag processor, and workers and queues: the way of tasks to the workers."""

from __future__ import annotations

from dashboards.panels import Board, Panel


def _p95(metric: str, by: str = "") -> str:
    grouped = f"sum by ({by})" if by else "sum"
    return f"histogram_quantile(0.95, {grouped} (rate({metric}[$__range])))"


SCHEDULER = Board(
    uid="airfleet-scheduler",
    title="5 Scheduler and Dag processor",
    description="Speed of scheduling and queueing, and parsing of Dag files.",
    variables=("dag",),
    panels=(
        Panel(
            title="Scheduler loop",
            unit="s",
            description="95 % of the scheduler's loops, and of their parts, end within these times.",
            queries=(
                (_p95("airflow_scheduler_loop_seconds"), "loop"),
                (_p95("airflow_scheduler_critical_section_seconds"), "critical section"),
                (_p95("airflow_scheduler_critical_section_query_seconds"), "its query"),
                (_p95("airflow_scheduler_executor_heartbeat_seconds"), "executor heartbeat"),
            ),
            bad_above=5,
        ),
        Panel(
            title="Schedule delay",
            unit="s",
            description="95 % of scheduled runs begin this late after they were due.",
            queries=((_p95('airflow_dagrun_schedule_delay_seconds{dag_id=~"$dag"}', "dag_id"), "{{dag_id}}"),),
            bad_above=300,
        ),
        Panel(
            title="First task's delay",
            unit="s",
            description="95 % of scheduled runs have their first task running this long after being due, or queued.",
            queries=(
                (
                    _p95('airflow_dagrun_first_task_scheduling_delay_seconds{dag_id=~"$dag"}', "dag_id"),
                    "{{dag_id}} due",
                ),
                (
                    _p95('airflow_dagrun_first_task_start_delay_seconds{dag_id=~"$dag"}', "dag_id"),
                    "{{dag_id}} queued",
                ),
            ),
        ),
        Panel(
            title="Tasks it could queue",
            unit="short",
            description="Tasks that the last loop could queue (executable) or could not for lack of pool slots.",
            queries=(("max by (state) (airflow_scheduler_tasks)", "{{state}}"),),
        ),
        Panel(
            title="Tasks by state",
            unit="short",
            description="Unfinished task instances by state, as the metadata database has them.",
            queries=(("max by (state) (airflow_db_unfinished_tasks)", "{{state}}"),),
        ),
        Panel(
            title="Pools",
            unit="short",
            description="Slots of each pool by use, and the tasks that found none.",
            queries=(
                ("max by (pool_name, state) (airflow_pool_slots)", "{{pool_name}} {{state}}"),
                ("max by (pool_name) (airflow_pool_starving_tasks) or vector(0)", "{{pool_name}} starving"),
            ),
        ),
        Panel(
            title="Orphans and lost heartbeats",
            unit="short",
            description="Tasks found without an owner, tries failed by the scheduler, and heartbeats not written.",
            queries=(
                ("sum by (action) (increase(airflow_orphaned_tasks_total[$__range])) or vector(0)", "{{action}}"),
                ("sum by (reason) (increase(airflow_task_killed_total[$__range])) or vector(0)", "{{reason}}"),
                ("sum(increase(airflow_job_heartbeat_failures_total[$__range])) or vector(0)", "not written"),
            ),
        ),
        Panel(
            title="Import errors",
            unit="short",
            kind="stat",
            description="Dag files that do not import, and Dags found.",
            queries=(("max(airflow_dag_import_errors)", "errors"), ("max(airflow_dags)", "Dags")),
        ),
        Panel(
            title="Age of Dag files",
            unit="s",
            description="Time since each Dag file was last parsed.",
            queries=(("max by (file_path) (airflow_dag_file_age_seconds)", "{{file_path}}"),),
            bad_above=600,
        ),
        Panel(
            title="Parse time by file",
            unit="s",
            description="95 % of the file's parses end within this time.",
            queries=((_p95("airflow_dag_file_parse_seconds", "file_name"), "{{file_name}}"),),
        ),
        Panel(
            title="Dag files queued",
            unit="short",
            description="Dag files that wait to be parsed, and parses killed by their time limit.",
            queries=(
                ("max(airflow_dag_files_queued)", "waiting"),
                ("sum(increase(airflow_dag_file_timeouts_total[$__range])) or vector(0)", "killed"),
            ),
        ),
        Panel(
            title="Triggerer",
            unit="short",
            description="Running triggers, capacity left, and triggers that ended.",
            queries=(
                ("max by (hostname) (airflow_triggerer_running)", "{{hostname}} running"),
                ("min by (hostname) (airflow_triggerer_capacity_left)", "{{hostname}} room"),
                ("sum by (outcome) (increase(airflow_triggers_total[$__range]))", "{{outcome}}"),
                ("sum(increase(airflow_triggerer_blocked_total[$__range])) or vector(0)", "blocked the loop"),
            ),
        ),
    ),
)

WORKERS = Board(
    uid="airfleet-workers",
    title="6 Workers and queues",
    description="Waiting tasks, and the state of the workers.",
    variables=("queue", "worker"),
    panels=(
        Panel(
            title="Workers",
            unit="short",
            kind="stat",
            description="Celery workers that answer.",
            queries=(("max(airflow_workers)", "workers"),),
            bad_below=1,
        ),
        Panel(
            title="Worker slots",
            unit="short",
            description="Slots of all workers, and those busy with a task.",
            queries=(("max by (state) (airflow_worker_slots)", "{{state}}"),),
        ),
        Panel(
            title="Tasks in queues",
            unit="short",
            description="Tasks that wait in Redis by queue, and tasks taken and not yet acknowledged.",
            queries=(
                ('max by (queue) (airflow_queue_length{queue=~"$queue"})', "{{queue}}"),
                ("max(airflow_queue_unacked)", "not acknowledged"),
            ),
        ),
        Panel(
            title="Consumers per queue",
            unit="short",
            description="Workers that take tasks from the queue. A queue without workers is not emptied.",
            queries=(('max by (queue) (airflow_queue_consumers{queue=~"$queue"})', "{{queue}}"),),
            bad_below=1,
        ),
        Panel(
            title="Oldest waiting task, and why",
            unit="s",
            description="Age of the task that has waited longest, and the reason: pool, limit, no_consumer, "
            "no_slot, scheduler or broker.",
            queries=(
                (
                    "max by (dag_id, task_id, queue, reason) (airflow_db_oldest_waiting_age_seconds) or vector(0)",
                    "{{dag_id}}.{{task_id}} in {{queue}}: {{reason}}",
                ),
            ),
            bad_above=300,
        ),
        Panel(
            title="Executor",
            unit="short",
            description="Tasks that the scheduler's executor has published, still holds, and has room for.",
            queries=(
                ("max(airflow_executor_running_tasks)", "handed on"),
                ("max(airflow_executor_queued_tasks)", "held"),
                ("max(airflow_executor_open_slots)", "open slots"),
            ),
        ),
        Panel(
            title="Publish time-outs",
            unit="short",
            description="Tasks that could not be published to Redis in time, within the shown time.",
            queries=(("sum(increase(airflow_celery_publish_timeouts_total[$__range])) or vector(0)", "time-outs"),),
            bad_above=1,
        ),
        Panel(
            title="Workers online, says Flower",
            unit="short",
            description="1 while Flower receives the worker's events.",
            queries=(('max by (worker) (flower_worker_online{worker=~"$worker"})', "{{worker}}"),),
        ),
        Panel(
            title="Tasks per worker",
            unit="short",
            description="Tasks each worker runs, from its events.",
            queries=(
                (
                    'max by (worker) (flower_worker_number_of_currently_executing_tasks{worker=~"$worker"})',
                    "{{worker}}",
                ),
            ),
        ),
        Panel(
            title="Celery events",
            unit="cps",
            description="Events a second by worker and kind. A worker that finishes no tasks while others do is stuck.",
            queries=(
                (
                    'sum by (worker, type) (rate(flower_events_total{worker=~"$worker"}[$__rate_interval]))',
                    "{{worker}} {{type}}",
                ),
            ),
        ),
    ),
)
