"""Measure the exporter at 1000 Dags x 10 tasks; run by hand: ``python tests/monitoring/exporter_cost.py URL``.

URL is a metadata database of a throwaway Postgres, after `airflow db migrate`, as its owner: rows are written into it.
"""

from __future__ import annotations

import json
import statistics
import sys
import time

import psutil
import psycopg2
from prometheus_client import CollectorRegistry, generate_latest

from airfleet.observe.exporter.collector import Poller, Registry
from airfleet.observe.exporter.metadata import Metadata
from airfleet.observe.exporter.queries import Database
from airfleet.observe.exporter.waiting import Workers
from airfleet.sla.declare import sla

DAGS, TASKS, DAYS = 1000, 10, 30
LOOKS = 20

FILL = """
INSERT INTO dag_bundle (name) VALUES ('cost') ON CONFLICT DO NOTHING;
INSERT INTO dag (dag_id, is_paused, is_stale, bundle_name, timetable_type, partition_mapper_info, max_active_tasks,
                 max_consecutive_failed_dag_runs, has_task_concurrency_limits)
SELECT 'dag_' || d, false, false, 'cost', 'cron', '[]', 16, 0, false FROM generate_series(1, {dags}) d;
INSERT INTO dag_run (dag_id, run_id, run_type, run_after, state)
SELECT 'dag_' || d, 'r' || r, 'scheduled', now(), CASE WHEN r = {days} THEN 'running' ELSE 'success' END
FROM generate_series(1, {dags}) d, generate_series(1, {days}) r;
INSERT INTO task_instance (id, dag_id, task_id, run_id, state, try_number, pool, pool_slots, queue, start_date,
                           queued_dttm, scheduled_dttm)
SELECT gen_random_uuid(), 'dag_' || d, 'task_' || t, 'r' || r,
       CASE WHEN r < {days} THEN 'success' WHEN t < 4 THEN 'running' WHEN t < 7 THEN 'queued' ELSE 'scheduled' END,
       1, 'default_pool', 1, 'default', now(), now(), now()
FROM generate_series(1, {dags}) d, generate_series(1, {tasks}) t, generate_series(1, {days}) r;
INSERT INTO log (dttm, dag_id, task_id, run_id, map_index, try_number, event)
SELECT now(), 'dag_' || d, 'task_' || t, 'r' || r, -1, 1, 'success'
FROM generate_series(1, {dags}) d, generate_series(1, {tasks}) t, generate_series(1, {days}) r;
ANALYZE;
"""


def main() -> None:
    """Fill the database, look at it, and print what that cost."""
    owner = psycopg2.connect(sys.argv[1])
    owner.autocommit = True
    with owner.cursor() as cursor:
        cursor.execute(FILL.format(dags=DAGS, tasks=TASKS, days=DAYS))
        tasks = [
            {"__var": {"task_id": f"task_{t}", "doc_md": "x" * 800, **sla(minutes=5)}} for t in range(1, TASKS + 1)
        ]
        content = json.dumps({"dag": {"tasks": tasks}})
        cursor.execute(
            "WITH v AS (INSERT INTO dag_version (id, version_number, dag_id, created_at, last_updated)"
            " SELECT gen_random_uuid(), 1, dag_id, now(), now() FROM dag RETURNING id, dag_id)"
            " INSERT INTO serialized_dag (id, dag_id, created_at, last_updated, dag_hash, dag_version_id, data)"
            " SELECT gen_random_uuid(), dag_id, now(), now(), md5(dag_id), id, %s FROM v",
            (content,),
        )
    poller = Poller(Metadata(Database(sys.argv[1], 30), Workers), 15)
    took, cpu = [], []
    me = psutil.Process()
    for number in range(LOOKS):
        with owner.cursor() as cursor:
            # 10 000 ends a day are about two in 15 s; here every look has a thousand.
            cursor.execute(
                "INSERT INTO log (dttm, dag_id, task_id, run_id, map_index, try_number, event)"
                " SELECT now(), 'dag_' || d, 'task_1', 'r1', -1, 1, 'success' FROM generate_series(1, %s) d",
                (DAGS,),
            )
        before, started = me.cpu_times(), time.perf_counter()
        poller.look_once()
        took.append(time.perf_counter() - started)
        cpu.append(sum(me.cpu_times()[:2]) - sum(before[:2]))
        if number == 0:
            print(f"first look (reads every serialised Dag): {took[0]:.2f} s")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Registry([poller]))
    started = time.perf_counter()
    text = generate_latest(registry).decode()
    series = sum(line[0] != "#" for line in text.splitlines())
    print(f"later looks: median {statistics.median(took[1:]):.2f} s, worst {max(took[1:]):.2f} s,"
          f" CPU of the exporter {statistics.median(cpu[1:]):.2f} s each")  # fmt: skip
    print(f"a scrape: {time.perf_counter() - started:.2f} s, {series} series, {len(text) / 1e6:.1f} MB")
    print(f"resident: {me.memory_info().rss / 2**20:.0f} MiB; {DAGS} Dags x {TASKS} tasks x {DAYS} runs")


if __name__ == "__main__":
    main()
