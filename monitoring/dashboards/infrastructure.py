"""Infrastructure: Postgres, Redis, the host, and the health of monitoring itself."""

from __future__ import annotations

from dashboards.panels import Board, Panel

INFRASTRUCTURE = Board(
    uid="airfleet-infrastructure",
    title="7 Infrastructure",
    description="Postgres, Redis, the host, and the health of monitoring itself.",
    panels=(
        Panel(
            title="Targets",
            unit="bool_yes_no",
            kind="stat",
            description="Whether each program answers Prometheus.",
            queries=(("min by (job) (up)", "{{job}}"),),
            bad_below=1,
        ),
        Panel(
            title="Sources",
            unit="bool_yes_no",
            kind="stat",
            description="Whether the exporter's last read of each source succeeded and is recent.",
            queries=(("min by (source) (airfleet_source_up)", "{{source}}"),),
            bad_below=1,
        ),
        Panel(
            title="Cost of a look",
            unit="s",
            description="Duration of the exporter's last read of each source; the limit is 10 s.",
            queries=(("max by (source) (airfleet_source_look_seconds)", "{{source}}"),),
            bad_above=5,
        ),
        Panel(
            title="StatsD losses",
            unit="short",
            description="Datagrams lost or refused per interval: by the kernel, by the filter, as malformed.",
            queries=(
                ("sum(increase(airfleet_host_udp_dropped_total[$__rate_interval]))", "kernel"),
                ("sum(increase(airflow_statsd_refused_total[$__rate_interval]))", "refused"),
                ("sum(increase(statsd_exporter_sample_errors_total[$__rate_interval])) or vector(0)", "malformed"),
            ),
            bad_above=1,
        ),
        Panel(
            title="StatsD events",
            unit="cps",
            description="Stats received a second by type, and those that the mapping drops.",
            queries=(
                ("sum by (type) (rate(statsd_exporter_events_total[$__rate_interval]))", "{{type}}"),
                (
                    'sum(rate(statsd_exporter_events_actions_total{action="drop"}[$__rate_interval])) or vector(0)',
                    "dropped by rule",
                ),
            ),
        ),
        Panel(
            title="Series",
            unit="short",
            description="Series of each target's last scrape. Above 100,000 Prometheus accepts none from StatsD.",
            queries=(("max by (job) (scrape_samples_post_metric_relabeling)", "{{job}}"),),
            bad_above=70_000,
        ),
        Panel(
            title="Postgres connections",
            unit="short",
            description="Open connections by database, and the server's limit.",
            queries=(
                ("max by (datname) (airfleet_postgres_connections)", "{{datname}}"),
                ("max(airfleet_postgres_connections_limit)", "limit"),
            ),
        ),
        Panel(
            title="Postgres transactions",
            unit="cps",
            description="Transactions a second by database and outcome, and deadlocks.",
            queries=(
                (
                    "sum by (datname, outcome) (rate(airfleet_postgres_transactions_total[$__rate_interval]))",
                    "{{datname}} {{outcome}}",
                ),
                ("sum(rate(airfleet_postgres_deadlocks_total[$__rate_interval]))", "deadlocks"),
            ),
        ),
        Panel(
            title="Postgres size",
            unit="bytes",
            description="Size of each database.",
            queries=(("max by (datname) (airfleet_postgres_database_bytes)", "{{datname}}"),),
        ),
        Panel(
            title="Oldest transaction",
            unit="s",
            description="Age of the oldest open transaction; one that is hours old prevents Postgres from cleaning up.",
            queries=(("max(airfleet_postgres_oldest_transaction_seconds)", "oldest"),),
            bad_above=3600,
        ),
        Panel(
            title="Redis memory",
            unit="bytes",
            description="Memory Redis uses, its limit (0 means none), and evicted keys.",
            queries=(
                ("max(airfleet_redis_memory_bytes)", "used"),
                ("max(airfleet_redis_memory_limit_bytes)", "limit"),
                ("sum(increase(airfleet_redis_evicted_keys_total[$__range]))", "keys thrown out"),
            ),
        ),
        Panel(
            title="Redis clients and commands",
            unit="short",
            description="Connected clients, and commands a second.",
            queries=(
                ("max(airfleet_redis_clients)", "clients"),
                ("sum(rate(airfleet_redis_commands_total[$__rate_interval]))", "commands a second"),
            ),
        ),
        Panel(
            title="CPU",
            unit="short",
            description="Cores in use by mode, the cores there are, and the load.",
            queries=(
                (
                    'sum by (mode) (rate(airfleet_host_cpu_seconds_total{mode!="idle"}[$__rate_interval]))',
                    "{{mode}}",
                ),
                ("max(airfleet_host_cores)", "cores"),
                ("max(airfleet_host_load1)", "load"),
            ),
        ),
        Panel(
            title="Memory",
            unit="bytes",
            description="Memory of the host: total and available.",
            queries=(("max by (state) (airfleet_host_memory_bytes)", "{{state}}"),),
        ),
        Panel(
            title="Disk",
            unit="percentunit",
            description="Free share of the file system of each monitored folder.",
            queries=(
                (
                    'min by (path) (airfleet_host_disk_bytes{state="free"})'
                    ' / max by (path) (airfleet_host_disk_bytes{state="total"})',
                    "{{path}}",
                ),
            ),
            bad_below=0.15,
        ),
    ),
)
