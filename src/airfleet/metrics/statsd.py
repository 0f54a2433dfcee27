"""The Prometheus metrics made from Airflow's StatsD stream."""

from __future__ import annotations

from airfleet.metrics.model import Metric, Unit, counter, gauge, histogram

TASK_DURATION = histogram(
    "airflow_task_duration_seconds",
    "dag_id",
    "task_id",
    help="Running time of a try of the task in its worker, successful or not.",
)
TASK_SCHEDULED_WAIT = histogram(
    "airflow_task_scheduled_wait_seconds",
    "dag_id",
    "queue",
    help="Time from scheduled to queued: the wait for pools and limits. First tries only.",
)
TASK_FINISH = counter(
    "airflow_task_finish_total",
    "dag_id",
    "state",
    help="Tries that ended in their worker, by end state; up_for_retry is a failed try that will be retried.",
)
TASK_FAILURES = counter(
    "airflow_task_failures_total", "dag_id", "task_id", help="Failed tries of the task, retried or not."
)
OPERATOR_FINISH = counter(
    "airflow_operator_finish_total",
    "operator_name",
    "outcome",
    help="Ended tries by class of operator and outcome (success, failed).",
)
TASK_KILLED = counter(
    "airflow_task_killed_total",
    "dag_id",
    "reason",
    help="Tries that the scheduler failed: killed_externally or heartbeat_lost.",
)
ORPHANED_TASKS = counter(
    "airflow_orphaned_tasks_total",
    "action",
    help="Task instances a scheduler found without an owner and adopted or cleared.",
)
TASK_SLA_MISSED = counter(
    "airflow_task_sla_missed_total",
    "dag_id",
    "task_id",
    help="Tries that ended later than the SLA their task declares.",
)
STATSD_REFUSED = counter(
    "airflow_statsd_refused_total",
    help="StatsD lines dropped before statsd_exporter: malformed, or with a label that Prometheus reserves.",
)
TASK_SLA_MET = counter(
    "airflow_task_sla_met_total",
    "dag_id",
    "task_id",
    help="Tries that ended within the SLA their task declares.",
)
DAGRUN_DURATION = histogram(
    "airflow_dagrun_duration_seconds",
    "dag_id",
    "run_type",
    "state",
    help="Time from the start of a Dag run to its end, by end state.",
)
DAGRUN_SCHEDULE_DELAY = histogram(
    "airflow_dagrun_schedule_delay_seconds",
    "dag_id",
    help="How late a scheduled run began after the moment it was due.",
)
DAGRUN_FIRST_TASK_SCHEDULING_DELAY = histogram(
    "airflow_dagrun_first_task_scheduling_delay_seconds",
    "dag_id",
    help="How late the first task of a scheduled run began after the moment the run was due.",
)
DAGRUN_FIRST_TASK_START_DELAY = histogram(
    "airflow_dagrun_first_task_start_delay_seconds",
    "dag_id",
    help="Time from a scheduled run's queueing to the start of its first task.",
)
DAG_CALLBACK_EXCEPTIONS = counter("airflow_dag_callback_exceptions_total", "dag_id", help="Failed Dag callbacks.")
DAGRUNS_RUNNING = gauge("airflow_dagruns_running", help="Dag runs in state running.")
SCHEDULER_LOOP = histogram("airflow_scheduler_loop_seconds", help="Duration of one loop of the scheduler.")
SCHEDULER_CRITICAL_SECTION = histogram(
    "airflow_scheduler_critical_section_seconds",
    help="Time the scheduler took to look for tasks to queue; under a lock where one was scheduled.",
)
SCHEDULER_CRITICAL_SECTION_QUERY = histogram(
    "airflow_scheduler_critical_section_query_seconds",
    help="Time of the query that picks the tasks to queue, where one was scheduled.",
)
SCHEDULER_CRITICAL_SECTION_BUSY = counter(
    "airflow_scheduler_critical_section_busy_total",
    help="Loops in which another scheduler held the lock.",
)
SCHEDULER_EXECUTOR_HEARTBEAT = histogram(
    "airflow_scheduler_executor_heartbeat_seconds",
    "executor",
    help="One heartbeat of the executor: it publishes tasks and reads results in it.",
)
SCHEDULER_TASKS = gauge(
    "airflow_scheduler_tasks",
    "state",
    help="Tasks the scheduler could queue in its last loop (executable), or not, for lack of pool slots (starving).",
)
HEARTBEATS = counter(
    "airflow_heartbeats_total",
    "component",
    help="Heartbeats of the scheduler, the Dag processor and the triggerer.",
)
JOB_HEARTBEAT_FAILURES = counter(
    "airflow_job_heartbeat_failures_total",
    help="Heartbeats that a role could not write to the metadata database.",
)
POOL_SLOTS = gauge(
    "airflow_pool_slots",
    "pool_name",
    "state",
    help="Slots of the pool, open or taken by scheduled, queued, running or deferred tasks.",
)
POOL_STARVING_TASKS = gauge(
    "airflow_pool_starving_tasks", "pool_name", help="Tasks the pool had no slot for in the last loop."
)
EXECUTOR_OPEN_SLOTS = gauge(
    "airflow_executor_open_slots", "executor_class_name", help="Tasks the executor has room for."
)
EXECUTOR_QUEUED_TASKS = gauge(
    "airflow_executor_queued_tasks", "executor_class_name", help="Tasks the executor has not published yet."
)
EXECUTOR_RUNNING_TASKS = gauge(
    "airflow_executor_running_tasks",
    "executor_class_name",
    help="Tasks of the executor whose end it has not seen: waiting in Celery or running.",
)
CELERY_PUBLISH_TIMEOUTS = counter(
    "airflow_celery_publish_timeouts_total", help="Tasks that could not be published to Redis in time."
)
DAG_FILE_PARSE = histogram(
    "airflow_dag_file_parse_seconds",
    "bundle_name",
    "file_name",
    help="Time to parse one Dag file.",
)
DAG_FILE_AGE = gauge(
    "airflow_dag_file_age_seconds",
    "bundle_name",
    "file_path",
    help="Time since the Dag file was last parsed to the end.",
    unit=Unit.SECONDS,
)
DAG_PROCESSOR_LOOP = gauge(
    "airflow_dag_processing_loop_seconds",
    help="Time to go once through every Dag file.",
    unit=Unit.SECONDS,
)
DAG_FILES_QUEUED = gauge("airflow_dag_files_queued", help="Dag files waiting to be parsed.")
DAG_FILE_TIMEOUTS = counter(
    "airflow_dag_file_timeouts_total", "file_path", help="Dag files whose parsing was killed by its time limit."
)
DAG_IMPORT_ERRORS = gauge("airflow_dag_import_errors", help="Dag files that do not import.")
DAGS = gauge("airflow_dags", help="Dags found in the Dag files.")
DEADLINES = counter(
    "airflow_deadlines_total",
    "dag_id",
    "outcome",
    help="Deadlines of Dag runs: created, missed, or not_missed.",
)
DEADLINE_CALLBACKS = counter(
    "airflow_deadline_callbacks_total", "outcome", help="Deadline callbacks run by the triggerer, by outcome."
)
TRIGGERER_RUNNING = gauge("airflow_triggerer_running", "hostname", help="Triggers that run in the triggerer.")
TRIGGERER_CAPACITY_LEFT = gauge(
    "airflow_triggerer_capacity_left", "hostname", help="Triggers the triggerer has capacity for."
)
TRIGGERS = counter("airflow_triggers_total", "outcome", help="Triggers that fired (succeeded) or raised (failed).")
TRIGGERER_BLOCKED = counter(
    "airflow_triggerer_blocked_total",
    help="Times a trigger blocked the triggerer's event loop.",
)
API_DAG_BAG_LOOKUPS = counter(
    "airflow_api_dag_bag_lookups_total",
    "result",
    help="Look-ups of a serialised Dag by the API server: hit or miss of its cache.",
)

# Our own stats, sent through Airflow's stats API; the prefix `airfleet.` keeps them apart from Airflow's.
OWN_TASK_SLA_MISSED = "airfleet.task_sla_missed"
OWN_TASK_SLA_MET = "airfleet.task_sla_met"
OWN_STATSD_REFUSED = "airfleet.statsd_refused"

# A Dag's own measurements: Stats.incr("app.rows_loaded_total", n, tags={...}) becomes app_rows_loaded_total.
APP_STAT_PREFIX = "app."


def all_metrics() -> dict[str, Metric]:
    """Return every metric of this module by its name."""
    return {value.name: value for value in globals().values() if isinstance(value, Metric)}
