"""Every stat that the installed Airflow can send: mapped to a metric, or dropped with a reason.

Two tables. ``AIRFLOW_STATS`` names each stat of Airflow's registry and each further one that its code sends.
``COMPUTED`` names each form in which the code puts a name together (``{}`` stands for what is filled in at
run time) and the stats that come of it. A test reads both from the installed package and compares: an upgrade that
adds, renames or retypes a stat fails there, not on a dashboard.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from airfleet.metrics import statsd as m
from airfleet.metrics.model import Kind, Metric

TIMER, COUNTER, GAUGE = "timer", "counter", "gauge"


@dataclass(frozen=True, kw_only=True)
class Stat:
    """One StatsD name.

    *sent_as* is the StatsD type on the wire. Either *metric* is set, with *labels* forced to a value (an
    empty one takes the label away) and *scale* multiplying the value, or *dropped* says why nothing is kept.
    """

    name: str
    sent_as: str
    metric: Metric | None = None
    labels: dict[str, str] = field(default_factory=dict)
    scale: float | None = None
    dropped: str = ""

    def __post_init__(self) -> None:
        """Refuse a stat that is neither mapped nor dropped, or whose type does not fit its metric."""
        if bool(self.metric) == bool(self.dropped):
            raise ValueError(f"{self.name} must be either mapped to a metric or dropped with a reason.")
        fits = {TIMER: Kind.HISTOGRAM, COUNTER: Kind.COUNTER, GAUGE: Kind.GAUGE}
        if self.metric and fits[self.sent_as] is not self.metric.kind:
            raise ValueError(f"{self.name} is a {self.sent_as}; {self.metric.name} is a {self.metric.kind}.")


def _map(name: str, sent_as: str, metric: Metric, scale: float | None = None, **labels: str) -> Stat:
    return Stat(name=name, sent_as=sent_as, metric=metric, labels=labels, scale=scale)


def _drop(reason: str, *names: str, sent_as: str = COUNTER) -> list[Stat]:
    return [Stat(name=name, sent_as=sent_as, dropped=reason) for name in names]


_TASKS = [
    _map("task.duration", TIMER, m.TASK_DURATION),
    # Per queue, not per task: pools and limits decide the wait, and 10 000 more histograms would be too many.
    _map("task.scheduled_duration", TIMER, m.TASK_SCHEDULED_WAIT, task_id=""),
    # Per Dag, as most series of a large deployment would be these; task.duration counts the ends of each task.
    _map("ti.finish", COUNTER, m.TASK_FINISH, task_id=""),
    _map("ti_failures", COUNTER, m.TASK_FAILURES),
    _map("operator_failures", COUNTER, m.OPERATOR_FINISH, dag_id="", task_id="", outcome="failed"),
    _map("operator_successes", COUNTER, m.OPERATOR_FINISH, dag_id="", task_id="", outcome="success"),
    _map("scheduler.tasks.killed_externally", COUNTER, m.TASK_KILLED, task_id="", reason="killed_externally"),
    _map(
        "task_instances_without_heartbeats_killed",
        COUNTER,
        m.TASK_KILLED,
        task_id="",
        reason="heartbeat_lost",
    ),
    _map("scheduler.orphaned_tasks.cleared", COUNTER, m.ORPHANED_TASKS, action="cleared"),
    _map("scheduler.orphaned_tasks.adopted", COUNTER, m.ORPHANED_TASKS, action="adopted"),
    *_drop("one series for each task that starts; task.duration counts the ends", "ti.start"),
    *_drop(
        "a gauge of each task and state; the database exporter counts unfinished tasks by state",
        "ti.scheduled",
        "ti.queued",
        "ti.running",
        "ti.deferred",
        sent_as=GAUGE,
    ),
    *_drop("ti.finish with state=success says the same", "ti_successes"),
    *_drop("a cleared task that had succeeded; ti.finish counts its new end", "previously_succeeded"),
    *_drop("removed with the LocalTaskJob of Airflow 2; never sent", "local_task_job.task_exit"),
    *_drop(
        "its only caller is dead code; the database exporter measures the wait",
        "task.queued_duration",
        sent_as=TIMER,
    ),
    *_drop(
        "bookkeeping of Dag changes, no symptom of anything",
        "task_removed_from_dag",
        "task_restored_to_dag",
        "task_instance_created",
    ),
    *_drop(
        "what one operator does inside its try; the try is measured",
        "resumable_job.fresh_submit",
        "resumable_job.already_succeeded",
        "resumable_job.terminal_resubmit",
        "resumable_job.reconnect_attempt",
        "resumable_job.reconnect_success",
    ),
]

_RUNS = [
    _map("dagrun.duration.success", TIMER, m.DAGRUN_DURATION, state="success"),
    _map("dagrun.duration.failed", TIMER, m.DAGRUN_DURATION, state="failed"),
    _map("dagrun.schedule_delay", TIMER, m.DAGRUN_SCHEDULE_DELAY, run_type=""),
    _map("dagrun.first_task_scheduling_delay", TIMER, m.DAGRUN_FIRST_TASK_SCHEDULING_DELAY, run_type=""),
    _map("dagrun.first_task_start_delay", TIMER, m.DAGRUN_FIRST_TASK_START_DELAY, run_type=""),
    _map("dag.callback_exceptions", COUNTER, m.DAG_CALLBACK_EXCEPTIONS),
    _map("scheduler.dagruns.running", GAUGE, m.DAGRUNS_RUNNING),
    _map("deadline_alerts.deadline_created", COUNTER, m.DEADLINES, outcome="created"),
    _map("deadline_alerts.deadline_missed", COUNTER, m.DEADLINES, outcome="missed"),
    _map("deadline_alerts.deadline_not_missed", COUNTER, m.DEADLINES, outcome="not_missed"),
    _map("deadline_alerts.callback_success", COUNTER, m.DEADLINE_CALLBACKS, outcome="success", dag_id=""),
    _map("deadline_alerts.callback_failed", COUNTER, m.DEADLINE_CALLBACKS, outcome="failed", dag_id=""),
    *_drop(
        "the same with the dag_id in the name, sent beside the tagged one; no mapping can take it apart",
        "dagrun.{dag_id}.first_task_scheduling_delay",
        sent_as=TIMER,
    ),
    *_drop(
        "a part of the scheduler's loop, per Dag; the loop is measured",
        "dagrun.dependency-check",
        sent_as=TIMER,
    ),
    *_drop("callbacks queued or running; their end is counted", "deadline_alerts.callback_{state}"),
]

_SCHEDULER = [
    _map("scheduler_heartbeat", COUNTER, m.HEARTBEATS, component="scheduler"),
    _map("dag_processor_heartbeat", COUNTER, m.HEARTBEATS, component="dag_processor"),
    _map("triggerer_heartbeat", COUNTER, m.HEARTBEATS, component="triggerer"),
    _map("job_heartbeat_failure", COUNTER, m.JOB_HEARTBEAT_FAILURES),
    _map("scheduler.scheduler_loop_duration", TIMER, m.SCHEDULER_LOOP),
    _map("scheduler.critical_section_duration", TIMER, m.SCHEDULER_CRITICAL_SECTION),
    _map("scheduler.critical_section_query_duration", TIMER, m.SCHEDULER_CRITICAL_SECTION_QUERY),
    _map("scheduler.critical_section_busy", COUNTER, m.SCHEDULER_CRITICAL_SECTION_BUSY),
    _map("scheduler.executor_heartbeat_duration", TIMER, m.SCHEDULER_EXECUTOR_HEARTBEAT),
    _map("scheduler.tasks.starving", GAUGE, m.SCHEDULER_TASKS, state="starving"),
    _map("scheduler.tasks.executable", GAUGE, m.SCHEDULER_TASKS, state="executable"),
    _map("pool.open_slots", GAUGE, m.POOL_SLOTS, state="open"),
    _map("pool.queued_slots", GAUGE, m.POOL_SLOTS, state="queued"),
    _map("pool.running_slots", GAUGE, m.POOL_SLOTS, state="running"),
    _map("pool.deferred_slots", GAUGE, m.POOL_SLOTS, state="deferred"),
    _map("pool.scheduled_slots", GAUGE, m.POOL_SLOTS, state="scheduled"),
    _map("pool.starving_tasks", GAUGE, m.POOL_STARVING_TASKS),
    # `status` repeats the name of the stat.
    _map("executor.open_slots", GAUGE, m.EXECUTOR_OPEN_SLOTS, status=""),
    _map("executor.queued_tasks", GAUGE, m.EXECUTOR_QUEUED_TASKS, status=""),
    _map("executor.running_tasks", GAUGE, m.EXECUTOR_RUNNING_TASKS, status=""),
    _map("celery.task_timeout_error", COUNTER, m.CELERY_PUBLISH_TIMEOUTS),
    *_drop("in the registry as a pattern; every role sends it as job_start, job_end", "job_start", "job_end"),
    *_drop("its registry form; the code sends job_heartbeat_failure", "{job_name}_heartbeat_failure"),
    *_drop("its registry form; the code sends job_start and job_end", "{job_name}_start", "{job_name}_end"),
    *_drop("its caller cannot be reached in Airflow 3", "celery.execute_command.failure"),
    *_drop(
        "a cache of the scheduler; its loop is measured",
        "scheduler.dag_bag.cache_hit",
        "scheduler.dag_bag.cache_miss",
        "scheduler.dag_bag.cache_clear",
    ),
    *_drop("a cache of the scheduler; its loop is measured", "scheduler.dag_bag.cache_size", sent_as=GAUGE),
    *_drop(
        "named after the executor when several are configured; one is",
        "executor.open_slots.{executor}",
        "executor.queued_tasks.{executor}",
        "executor.running_tasks.{executor}",
        sent_as=GAUGE,
    ),
]

_FILES_AND_TRIGGERS = [
    # Airflow hands over seconds where StatsD expects milliseconds.
    _map("dag_processing.last_duration", TIMER, m.DAG_FILE_PARSE, scale=1000),
    _map("dag_processing.last_run.seconds_ago", GAUGE, m.DAG_FILE_AGE, file_name=""),
    _map("dag_processing.total_parse_time", GAUGE, m.DAG_PROCESSOR_LOOP),
    _map("dag_processing.file_path_queue_size", GAUGE, m.DAG_FILES_QUEUED),
    _map("dag_processing.processor_timeouts", COUNTER, m.DAG_FILE_TIMEOUTS),
    _map("dag_processing.import_errors", GAUGE, m.DAG_IMPORT_ERRORS),
    _map("dagbag_size", GAUGE, m.DAGS),
    _map("triggers.running", GAUGE, m.TRIGGERER_RUNNING),
    _map("triggerer.capacity_left", GAUGE, m.TRIGGERER_CAPACITY_LEFT),
    _map("triggers.succeeded", COUNTER, m.TRIGGERS, outcome="succeeded"),
    _map("triggers.failed", COUNTER, m.TRIGGERS, outcome="failed"),
    _map("triggers.blocked_main_thread", COUNTER, m.TRIGGERER_BLOCKED),
    _map("api_server.dag_bag.cache_hit", COUNTER, m.API_DAG_BAG_LOOKUPS, result="hit"),
    _map("api_server.dag_bag.cache_miss", COUNTER, m.API_DAG_BAG_LOOKUPS, result="miss"),
    *_drop(
        "a counter that goes down as well; dag_processing.last_duration shows the work",
        "dag_processing.processes",
    ),
    *_drop(
        "how the Dag processor goes about its queue; its length is kept",
        "dag_processing.other_callback_count",
        "dag_processing.callback_only_count",
        "dag_processing.file_path_queue_update_count",
    ),
    *_drop(
        "in the registry only; nothing sends it",
        "dag_file_processor_timeouts",
        "dag_processing.manager_stalls",
        "dag_file_refresh_error",
    ),
    *_drop(
        "in the registry only; nothing sends it",
        "dag_processing.last_num_of_db_queries.{dag_file}",
        sent_as=GAUGE,
    ),
    *_drop("in the registry only; nothing sends it", "collect_db_dags", sent_as=TIMER),
    *_drop("the hit rate tells the same", "api_server.dag_bag.cache_clear"),
    *_drop("the hit rate tells the same", "api_server.dag_bag.cache_size", sent_as=GAUGE),
    *_drop("start-up of a library, once per process", "airflow.io.load_filesystems", sent_as=TIMER),
    *_drop("start-up of a library, once per process", "serde.load_serializers", sent_as=TIMER),
    *_drop("what depends on what, not how it runs; the UI shows it", "asset.updates", "asset.triggered_dagruns"),
    *_drop("what depends on what, not how it runs; the UI shows it", "asset.orphaned", sent_as=GAUGE),
    *_drop(
        "a button of the UI, off by default",
        "connection_test.success",
        "connection_test.failed",
        "connection_test.reaped",
    ),
    *_drop(
        "a button of the UI, off by default",
        "connection_test.active",
        "connection_test.pending",
        sent_as=GAUGE,
    ),
    *_drop(
        "a button of the UI, off by default",
        "connection_test.dispatch_duration",
        "connection_test.hook_duration",
        sent_as=TIMER,
    ),
]

_NOT_INSTALLED = [
    *_drop("OpenLineage is not installed", "ol.emit.failed"),
    *_drop("OpenLineage is not installed", "ol.event.size", sent_as=GAUGE),
    *_drop("OpenLineage is not installed", "ol.emit.attempts", "ol.extract", sent_as=TIMER),
    *_drop(
        "the edge executor is not installed",
        "edge_worker.status",
        "edge_worker.connected",
        "edge_worker.maintenance",
        "edge_worker.jobs_active",
        "edge_worker.concurrency",
        "edge_worker.free_concurrency",
        "edge_worker.num_queues",
        sent_as=GAUGE,
    ),
    *_drop(
        "the edge executor is not installed",
        "edge_worker.heartbeat_count",
        "edge_worker.ti.start",
        "edge_worker.ti.finish",
    ),
    *_drop("the edge executor is not installed", "edge_executor.sync.duration", sent_as=TIMER),
    *_drop(
        "the Kubernetes executor is not installed",
        "kubernetes_executor.pod_creation_status",
        "kubernetes_executor.pod_deletion_status",
        "kubernetes_executor.pod_patching_status",
    ),
    *_drop(
        "the Kubernetes executor is not installed",
        "kubernetes_executor.adopt_task_instances.duration",
        "kubernetes_executor.pod_creation",
        "kubernetes_executor.pod_deletion",
        "kubernetes_executor.pod_patching",
        sent_as=TIMER,
    ),
    *_drop(
        "the executors of Amazon are not installed",
        "batch_executor.adopt_task_instances.duration",
        "ecs_executor.adopt_task_instances.duration",
        "lambda_executor.adopt_task_instances.duration",
        sent_as=TIMER,
    ),
]

_OWN = [
    _map(m.OWN_TASK_SLA_MISSED, COUNTER, m.TASK_SLA_MISSED),
    _map(m.OWN_TASK_SLA_MET, COUNTER, m.TASK_SLA_MET),
    _map(m.OWN_STATSD_REFUSED, COUNTER, m.STATSD_REFUSED),
]

AIRFLOW_STATS: tuple[Stat, ...] = (*_TASKS, *_RUNS, *_SCHEDULER, *_FILES_AND_TRIGGERS, *_NOT_INSTALLED)
STATS: tuple[Stat, ...] = (*AIRFLOW_STATS, *_OWN)

# Call sites whose name is put together at run time, and what they send. A form that is not here and not a
# name in AIRFLOW_STATS fails the contract test.
COMPUTED: dict[tuple[str, str], tuple[str, ...]] = {
    ("dagrun.duration.{}", TIMER): ("dagrun.duration.success", "dagrun.duration.failed"),
    ("dagrun.{}.first_task_scheduling_delay", TIMER): ("dagrun.{dag_id}.first_task_scheduling_delay",),
    ("task.{}", TIMER): ("task.scheduled_duration", "task.queued_duration"),
    ("ti.{}", GAUGE): ("ti.scheduled", "ti.queued", "ti.running", "ti.deferred"),
    # Callback.get_metric_info puts the prefix and the state together.
    ("{}", COUNTER): (
        "deadline_alerts.callback_success",
        "deadline_alerts.callback_failed",
        "deadline_alerts.callback_{state}",
    ),
    ("{}.cache_clear", COUNTER): ("api_server.dag_bag.cache_clear", "scheduler.dag_bag.cache_clear"),
    ("{}.cache_hit", COUNTER): ("api_server.dag_bag.cache_hit", "scheduler.dag_bag.cache_hit"),
    ("{}.cache_miss", COUNTER): ("api_server.dag_bag.cache_miss", "scheduler.dag_bag.cache_miss"),
    ("{}.cache_size", GAUGE): ("api_server.dag_bag.cache_size", "scheduler.dag_bag.cache_size"),
    ("{}_start", COUNTER): ("job_start",),
    ("{}_end", COUNTER): ("job_end",),
    ("{}_heartbeat_failure", COUNTER): ("job_heartbeat_failure",),
}
