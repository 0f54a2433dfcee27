"""Measure the shop's pipelines: `python -m retail.bench_load SCALE [--copying]` on an empty, prepared warehouse.

Reads WAREHOUSE_URL and RETAIL_DATA_DIR (generated at that scale before). Prints one JSON object: the copying of the
files into raw beside psql's \\copy (with --copying only that), rows a second of a whole load, its peak memory, the
marts, and the four marts and the three dimensions' checks in a row against in parallel, each in a process of its own as
Airflow runs them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import psycopg2

from retail import bench_copying, checks, ingest, marts, quality, warehouse
from retail.settings import Settings
from retail.warehouse import connection

_AS_OF = datetime(2100, 1, 1, tzinfo=UTC)


def _peak_mib() -> float:
    # getrusage's peak is no less than that of the program that started this one.
    kib = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    if kib is None:
        raise SystemExit("/proc/self/status tells no VmHWM; this bench needs Linux.")
    return round(int(kib[1]) / 1024, 1)


def _compared(option: str, names: Sequence[str], rounds: int) -> dict[str, Any]:
    """Time processes with *option* and each of *names* one after the other and at once, and return the largest possible
    gain.

    Medians of *rounds*, in each of which both ways have their turn.
    """
    # A first time warms the server's cache, so that none of the timed ones pays for it.
    _run(option, names, together=True)
    singly: list[dict[str, float]] = []
    at_once: list[float] = []
    for _ in range(rounds):
        singly.append({name: _run(option, [name], together=False) for name in names})
        at_once.append(_run(option, names, together=True))
    each = {name: median(took[name] for took in singly) for name in names}
    in_a_row, parallel = sum(each.values()), median(at_once)
    # Limited by the number of cores and by the longest part.
    ceiling = 1 - max(*each.values(), in_a_row / (os.cpu_count() or 1)) / in_a_row
    return {
        "seconds": {name: round(took, 2) for name, took in each.items()},
        "in_a_row_s": round(in_a_row, 2),
        "parallel_s": round(parallel, 2),
        "cut": round(1 - parallel / in_a_row, 3),
        "highest_cut": round(ceiling, 3),
    }


def _run(option: str, names: Sequence[str], *, together: bool) -> float:
    began = time.monotonic()
    running = []
    for name in names:
        running.append(subprocess.Popen([sys.executable, "-m", "retail.bench_load", "any", option, name]))
        if not together:
            running[-1].wait()
    if any(process.wait() for process in running):
        raise SystemExit(f"{option} failed; see above.")
    return time.monotonic() - began


def _whole_load(conn: connection, settings: Settings, fresh: dict[str, str], rounds: int) -> dict[str, Any]:
    loaded = ingest.load(conn, settings, fresh, "bench")
    after = _peak_mib()
    built = marts.refresh_all(conn, "bench")
    quality.begin(conn, "bench", _AS_OF)
    return {
        "load_s": loaded.seconds,
        "rows_per_s": round(loaded.new_rows / loaded.seconds),
        "of_it_copying_s": loaded.copying_s,
        "peak_mib_after_load": after,
        "marts_in_one_transaction_s": {mart.mart: mart.seconds for mart in built},
        "marts": _compared("--mart", list(marts.MARTS), rounds),
        "checks": _compared("--dimension", list(checks.DIMENSIONS), rounds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the shop's pipelines on an empty, prepared warehouse.")
    parser.add_argument("scale", help="the scale of the data in RETAIL_DATA_DIR, told in the result")
    parser.add_argument("--copying", action="store_true", help="only copying beside psql's \\copy")
    parser.add_argument("--rounds", type=int, default=3, help="how often all but the load is measured (3)")
    parser.add_argument("--to", type=Path, help="write the JSON to this file instead")
    parser.add_argument("--dimension", help=argparse.SUPPRESS)
    parser.add_argument("--mart", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    url = os.environ["WAREHOUSE_URL"]
    with closing(psycopg2.connect(url)) as conn:
        if asked.dimension:
            quality.check_dimension(conn, "bench", asked.dimension)
            return
        if asked.mart:
            marts.refresh(conn, asked.mart, "bench")
            return
        settings = Settings.from_env()
        with warehouse.transaction(conn) as cur:
            warehouse.require_schema(cur)
            if warehouse.one(cur, "SELECT EXISTS (SELECT FROM raw.files)"):
                raise SystemExit("The warehouse holds files already. Measure on an empty one.")
        before = _peak_mib()
        began = time.monotonic()
        found = ingest.validate_source(conn, settings)
        told: dict[str, Any] = {
            "scale": asked.scale,
            "cores": os.cpu_count(),
            "rows": found.rows,
            "validate_s": round(time.monotonic() - began, 2),
            "peak_mib_at_start": before,
        }
        told["copying"] = bench_copying.measure(conn, url, settings, found.fresh, asked.rounds)
        told["peak_mib_after_copying"] = _peak_mib()
        if not asked.copying:
            told |= _whole_load(conn, settings, found.fresh, asked.rounds)
    text = json.dumps(told, indent=1)
    if asked.to:
        asked.to.write_text(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
