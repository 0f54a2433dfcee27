"""Measure the shop's pipelines: `python -m retail.bench SCALE` on an empty, prepared warehouse.

Reads WAREHOUSE_URL and RETAIL_DATA_DIR (generated at that scale before). Prints one JSON object: rows a second
of the load and of its copying, beside a plain COPY of the same files as psql's \\copy does it, the load's peak memory,
the marts, and the three dimensions' checks in a row against in parallel, each in a process of its own as Airflow
runs them.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from tempfile import TemporaryFile

import psycopg2

from retail import checks, ingest, marts, quality, source
from retail.entities import ENTITIES
from retail.reader import Records
from retail.settings import Settings
from retail.warehouse import connection

_AS_OF = datetime(2100, 1, 1, tzinfo=UTC)


def _peak_mib() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def _check(dimension: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "retail.bench", "--dimension", dimension])


def _timed_checks(together: bool) -> float:
    began = time.monotonic()
    running = []
    for dimension in checks.DIMENSIONS:
        running.append(_check(dimension))
        if not together:
            running[-1].wait()
    if any(process.wait() for process in running):
        raise SystemExit("a check failed")
    return round(time.monotonic() - began, 2)


def _plain_copy(conn: connection, settings: Settings) -> float:
    """Seconds of copying the source files unread, into text columns without a key; nothing is kept.

    The few records with a cell too many or too few are left out before: a plain COPY stops at the first.
    """
    seconds = 0.0
    with conn.cursor() as cur:
        for file in source.list_files(settings.source_dir):
            header = ENTITIES[file.entity].header
            table = f"raw.plain_{file.entity}"
            cur.execute(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(f'{name} text' for name in header)})")
            with TemporaryFile("w+", newline="") as whole:
                with Records(settings.source_dir / file.name) as records:
                    csv.writer(whole).writerows(cells for _, cells in records if len(cells) == len(header))
                whole.seek(0)
                began = time.monotonic()
                cur.copy_expert(f"COPY {table} FROM STDIN (FORMAT csv, HEADER)", whole)
                seconds += time.monotonic() - began
    conn.rollback()
    return seconds


def main() -> None:
    url = os.environ["WAREHOUSE_URL"]
    with closing(psycopg2.connect(url)) as conn:
        if sys.argv[1] == "--dimension":
            quality.check_dimension(conn, "bench", sys.argv[2])
            return
        settings = Settings.from_env()
        began = time.monotonic()
        found = ingest.validate_source(conn, settings)
        validated = time.monotonic() - began
        before = _peak_mib()
        loaded = ingest.load(conn, settings, found.fresh, "bench")
        after = _peak_mib()
        plain = _plain_copy(conn, settings)
        built = marts.refresh_all(conn, "bench")
        quality.begin(conn, "bench", _AS_OF)
    # A first round warms the server's cache, so that neither of the two timed ones pays for it.
    _timed_checks(together=True)
    in_a_row, parallel = _timed_checks(together=False), _timed_checks(together=True)
    print(
        json.dumps(
            {
                "scale": sys.argv[1],
                "rows": loaded.new_rows,
                "validate_s": round(validated, 2),
                "load_s": loaded.seconds,
                "rows_per_s": round(loaded.new_rows / loaded.seconds) if loaded.new_rows else None,
                "copying_s": loaded.copying_s,
                "plain_copy_s": round(plain, 2),
                "peak_mib_before_load": before,
                "peak_mib_after_load": after,
                "marts_s": {mart.mart: mart.seconds for mart in built},
                "checks_in_a_row_s": in_a_row,
                "checks_parallel_s": parallel,
                "cut": round(1 - parallel / in_a_row, 3),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
