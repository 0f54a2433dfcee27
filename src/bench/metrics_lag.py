"""Measure the delay from a task's end until Prometheus has it: `python -m bench.metrics_lag DAG_ID`.

Compares the ends in the metadata database with the moments at which Prometheus' counter reached them, for the Dag's
tasks that succeeded in the last quarter of an hour. Both clocks are this machine's.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from importlib import resources

import psycopg2

from airfleet.observe.boards.query import PrometheusClient

STEP_S = 0.5
_WINDOW_S = 900


def ends(database_url: str, dag_id: str, since: float) -> list[float]:
    """Return the Unix times at which tries of *dag_id* ended well after *since*, oldest first."""
    statement = resources.files("bench").joinpath("ends.sql").read_text()
    with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute(statement, {"dag_id": dag_id, "since": since})
        return [float(at) for (at,) in cursor.fetchall()]


def lags(ended: Sequence[float], prometheus: PrometheusClient, dag_id: str) -> list[float]:
    """Return the seconds from each of *ended* until Prometheus' counter had counted as many; steps of STEP_S.

    Raises ValueError when the counter has not reached them all.
    """
    counter = f'sum(airflow_task_finish_total{{dag_id="{dag_id}", state="success"}})'
    series = prometheus.range(counter, start=ended[0] - 1, end=ended[-1] + 60, step=STEP_S)
    values = [(float(at), float(value)) for one in series for at, value in one["values"]]
    # What was counted before the first of these ends.
    before = values[-1][1] - len(ended) if values else 0
    reached = [next((at for at, value in values if value - before >= n), None) for n in range(1, len(ended) + 1)]
    found = [at - end for at, end in zip(reached, ended, strict=True) if at is not None]
    if not values or len(found) < len(ended):
        raise ValueError(f"{len(ended)} tries of {dag_id} ended, and Prometheus has counted {len(found)} of them.")
    return found


def summary(found: Sequence[float]) -> str:
    """Return a summary of *found*."""
    p95 = statistics.quantiles(found, n=20)[-1] if len(found) > 1 else found[0]
    return f"{len(found)} ends: median {statistics.median(found):.1f} s, p95 {p95:.1f} s, worst {max(found):.1f} s"


def main() -> int:
    """Print the lag of the Dag that the command line names, on this checkout's stack."""
    from airfleet.operate import deployment
    from airfleet.stack.roles import postgres_dsn

    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and the Dag
        print("Name the Dag: python -m bench.metrics_lag DAG_ID", file=sys.stderr)
        return 2
    stack = deployment.running_stack()
    password = stack.settings.monitoring_reader_password
    ended = ends(
        postgres_dsn("monitoring_reader", password, stack.addresses.postgres, "airflow"),
        sys.argv[1],
        time.time() - _WINDOW_S,
    )
    if not ended:
        print(
            f"No task of {sys.argv[1]} succeeded in {_WINDOW_S // 60} minutes. Run it and try again.", file=sys.stderr
        )
        return 1
    prometheus = PrometheusClient(f"http://127.0.0.1:{stack.settings.prometheus_port}", stack.settings.monitoring_login)
    print(summary(lags(ended, prometheus, sys.argv[1])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
