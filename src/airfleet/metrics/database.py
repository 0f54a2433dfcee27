"""The metrics of the read-only exporter: values that StatsD does not have."""

from __future__ import annotations

from airfleet.metrics.model import Metric, Unit, counter, gauge

SOURCE_UP = gauge(
    "airfleet_source_up",
    "source",
    help="1 while the exporter's last read of the source succeeded and is recent, else 0.",
)
SOURCE_DURATION = gauge(
    "airfleet_source_look_seconds",
    "source",
    help="Duration of the last read of the source.",
    unit=Unit.SECONDS,
)
SOURCE_FAILURES = counter("airfleet_source_failures_total", "source", help="Reads of the source that failed.")

RUNNING_AGE = gauge(
    "airflow_db_running_age_seconds",
    "dag_id",
    "task_id",
    help="Time since the task's oldest unfinished try began; deferred, rescheduled and waiting for a person included.",
    unit=Unit.SECONDS,
)
QUEUED_AGE = gauge(
    "airflow_db_queued_age_seconds",
    "queue",
    help="Time the longest queued task of the queue has waited for a worker.",
    unit=Unit.SECONDS,
)
TASK_TRIES = gauge(
    "airflow_db_task_tries",
    "dag_id",
    "task_id",
    help="Highest number of tries among the task's unfinished instances, from the second try on.",
)
UNFINISHED_TASKS = gauge(
    "airflow_db_unfinished_tasks",
    "state",
    help="Unfinished task instances in the metadata database, by state.",
)
HEARTBEAT_AGE = gauge(
    "airflow_db_heartbeat_age_seconds",
    "component",
    help="Time since the newest heartbeat of a scheduler, dag_processor or triggerer; none for one that never ran.",
    unit=Unit.SECONDS,
)
SCHEDULE_DELAY = gauge(
    "airflow_db_schedule_delay_seconds",
    "dag_id",
    help="Longest delay over one minute of a scheduled run that waits or that started within 30 minutes.",
    unit=Unit.SECONDS,
)
DAG_PAUSED = gauge("airflow_dag_paused", "dag_id", help="1 for a Dag that is paused; none for the others.")
UNFINISHED_RUNS = gauge("airflow_db_unfinished_runs", "dag_id", "state", help="Queued and running Dag runs.")
TASK_ENDS = counter(
    "airflow_db_task_ends_total",
    "dag_id",
    "state",
    help="Tries that ended, by end state, as the API server and the scheduler recorded it.",
)
TASK_FAILURES = counter(
    "airflow_db_task_failures_total",
    "dag_id",
    "task_id",
    "state",
    help="Failed tries of the task as recorded in the metadata database: failed for good, or up_for_retry.",
)
TASKS_KILLED = counter(
    "airflow_db_tasks_killed_total",
    "dag_id",
    "reason",
    help="Tries whose process did not report its end: signal (SIGKILL, out of memory), heartbeat_lost, state_mismatch.",
)
WAITING_AGE = gauge(
    "airflow_db_oldest_waiting_age_seconds",
    "dag_id",
    "task_id",
    "queue",
    "reason",
    help="Time the oldest waiting task has waited, and why: pool, limit, no_consumer, no_slot, scheduler, broker.",
    unit=Unit.SECONDS,
)
DEADLINES = gauge(
    "airflow_db_deadlines",
    "dag_id",
    "alert",
    "state",
    help="Deadlines of Dag runs: pending, missed, or overdue (past, and not yet evaluated by the scheduler).",
)
TASK_SLA = gauge(
    "airflow_task_sla_seconds",
    "dag_id",
    "task_id",
    help="The SLA the task declares: how long one try may run.",
    unit=Unit.SECONDS,
)
DAG_SLA_DECLARED = gauge(
    "airflow_dag_sla_declared", "dag_id", help="1 when the Dag has a deadline or a task with an SLA, else 0."
)

QUEUE_LENGTH = gauge("airflow_queue_length", "queue", help="Tasks in the Redis queue that no worker has taken.")
QUEUE_CONSUMERS = gauge("airflow_queue_consumers", "queue", help="Workers that consume the queue.")
QUEUE_UNACKED = gauge("airflow_queue_unacked", help="Tasks taken by a worker and not acknowledged yet.")
WORKERS = gauge("airflow_workers", help="Celery workers that answer.")
WORKER_SLOTS = gauge("airflow_worker_slots", "state", help="Worker slots: total, and busy with a task.")

REDIS_UP = gauge("airfleet_redis_up", help="1 while Redis answers.")
REDIS_MEMORY = gauge("airfleet_redis_memory_bytes", help="Memory that Redis uses for data.", unit=Unit.BYTES)
REDIS_MEMORY_MAX = gauge("airfleet_redis_memory_limit_bytes", help="Redis' maxmemory; 0 means none.", unit=Unit.BYTES)
REDIS_CLIENTS = gauge("airfleet_redis_clients", help="Connected clients.")
REDIS_COMMANDS = counter("airfleet_redis_commands_total", help="Commands served.")
REDIS_EVICTED = counter(
    "airfleet_redis_evicted_keys_total", help="Keys evicted for lack of memory; each may be a task."
)

POSTGRES_UP = gauge("airfleet_postgres_up", help="1 while Postgres answers.")
POSTGRES_SIZE = gauge("airfleet_postgres_database_bytes", "datname", help="Size of the database.", unit=Unit.BYTES)
POSTGRES_CONNECTIONS = gauge("airfleet_postgres_connections", "datname", help="Open connections.")
POSTGRES_CONNECTIONS_MAX = gauge("airfleet_postgres_connections_limit", help="max_connections of the server.")
POSTGRES_TRANSACTIONS = counter(
    "airfleet_postgres_transactions_total", "datname", "outcome", help="Transactions: commit or rollback."
)
POSTGRES_DEADLOCKS = counter("airfleet_postgres_deadlocks_total", "datname", help="Deadlocks found.")
POSTGRES_OLDEST = gauge(
    "airfleet_postgres_oldest_transaction_seconds",
    help="Age of the oldest open transaction.",
    unit=Unit.SECONDS,
)

WEBSERVER_UP = gauge("airfleet_webserver_up", help="1 while the webserver's health page answers.")
COMPONENT_HEALTHY = gauge(
    "airfleet_component_healthy",
    "component",
    help="1 while the webserver calls the component healthy: metadatabase, scheduler, dag_processor, triggerer.",
)

HOST_CPU = counter("airfleet_host_cpu_seconds_total", "mode", help="CPU time of all cores by mode.", unit=Unit.SECONDS)
HOST_CORES = gauge("airfleet_host_cores", help="CPU cores.")
HOST_LOAD = gauge("airfleet_host_load1", help="Load average over one minute.")
HOST_MEMORY = gauge("airfleet_host_memory_bytes", "state", help="Memory: total, available.", unit=Unit.BYTES)
HOST_UDP_DROPPED = counter(
    "airfleet_host_udp_dropped_total",
    help="UDP datagrams that the kernel dropped because a program read too slowly, StatsD's among them.",
)
HOST_DISK = gauge(
    "airfleet_host_disk_bytes",
    "path",
    "state",
    help="Disk under a watched folder: total, free.",
    unit=Unit.BYTES,
)


def all_metrics() -> dict[str, Metric]:
    """Return every metric of this module by its name."""
    return {value.name: value for value in globals().values() if isinstance(value, Metric)}
