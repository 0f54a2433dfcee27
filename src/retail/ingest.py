"""Bring new, late and corrected source files into raw, core and quarantine, all in one transaction."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from retail import checks, source, warehouse
from retail.entities import ENTITIES
from retail.errors import SourceFault, Verdict
from retail.periods import FileName, read_name
from retail.reader import sha256
from retail.settings import Settings
from retail.stream import copy_file
from retail.warehouse import Lock, connection, cursor

_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class Validated:
    """The validated source folder.

    *rows* counts the records of every file, *fresh* maps the names of the files that the warehouse does not
    hold yet, or holds with another content, to their content hash.
    """

    files: int
    rows: int
    fresh: dict[str, str]


def validate_source(conn: connection, settings: Settings, window: tuple[datetime, datetime] | None = None) -> Validated:
    """Validate every source file whose period starts in *window* (UTC, half-open; None is all of them).

    Raises SourceFault with the problems of all files.
    """
    named = source.list_files(settings.source_dir, starting=window)
    if window is None:
        _require_all_kinds(named)
    with warehouse.transaction(conn) as cur:
        warehouse.require_schema(cur)
        held = _held(cur)
    rows, fresh, faults = 0, {}, []
    for file in named:
        path = settings.source_dir / file.name
        try:
            digest = sha256(path)
            if _is_known(held, file.name, digest):
                rows += held[digest][1]
                continue
            found = source.inspect(path, ENTITIES[file.entity])
        except (SourceFault, FileNotFoundError) as fault:
            faults.append(str(fault))
            continue
        rows += found.rows
        fresh[file.name] = found.sha256
    if faults:
        raise SourceFault(f"{len(faults)} source file(s) cannot be loaded. " + " ".join(faults))
    return Validated(len(named), rows, fresh)


def _require_all_kinds(named: Sequence[FileName]) -> None:
    missing = [entity for entity in ENTITIES if not any(file.entity == entity for file in named)]
    if missing:
        raise SourceFault(
            f"The source folder holds no file of {', '.join(missing)}. Put it there, or run "
            "`python -m retail generate`."
        )


def _is_known(held: Mapping[str, tuple[str, int]], name: str, digest: str) -> bool:
    """Whether a file is already loaded: its content is known, and its name has no other content."""
    return digest in held and name not in {other for key, (other, _) in held.items() if key != digest}


def _held(cur: cursor) -> dict[str, tuple[str, int]]:
    """The live files of the warehouse: content hash -> (name, rows)."""
    rows = warehouse.run_text(cur, "SELECT sha256, name, row_count FROM raw.files WHERE retired_at IS NULL")
    return {digest: (name, count) for digest, name, count in rows}


@dataclass(frozen=True, slots=True)
class Loaded:
    """The result of a load: *read* = *core* + *quarantined* + *identical_skipped*, counted over the whole warehouse.

    *new_rows* and *files* are this load's own, as are *seconds* and, of these, *copying_s* for bringing the files
    into raw; *sha256* is the hash over its files' hashes, None without any.
    """

    read: int
    core: int
    quarantined: int
    identical_skipped: int
    new_rows: int
    files: list[str]
    version: int
    seconds: float
    copying_s: float
    sha256: str | None


def load(conn: connection, settings: Settings, fresh: Mapping[str, str], run_id: str) -> Loaded:
    """Load the files of *fresh* (name -> content hash, as :func:`validate_source` returned it).

    A file whose name is held with another content replaces it; one whose content is held is left alone, so
    that a second load changes nothing. Raises SourceFault when a file is gone or not as validated, and Verdict
    when too many of a file's rows are bad; in both cases nothing is committed.
    """
    began = time.monotonic()
    copying_s = 0.0
    with warehouse.transaction(conn, Lock.INGEST) as cur:
        warehouse.require_schema(cur)
        held = _held(cur)
        todo = _to_load(fresh, held)
        if todo:
            warehouse.run(cur, "ingest/begin_load")
            copying = time.monotonic()
            copy_files(cur, settings, ((file, fresh[file.name]) for file in todo), run_id)
            copying_s = time.monotonic() - copying
            decide(cur)
            _refuse_bad_files(cur, settings.max_bad_share)
            new_rows = int(warehouse.one(cur, "SELECT sum(row_count) FROM raw.files JOIN new_files USING (file_id)"))
            version = record(cur, run_id, "files", new_rows, time.monotonic() - began)
        else:
            new_rows, version = 0, warehouse.load_version(cur)
        books = accounting(cur)
    digest = _combined([fresh[file.name] for file in todo])
    return Loaded(
        **books,
        new_rows=new_rows,
        files=[file.name for file in todo],
        version=version,
        seconds=round(time.monotonic() - began, 3),
        copying_s=round(copying_s, 3),
        sha256=digest,
    )


def _to_load(fresh: Mapping[str, str], held: Mapping[str, tuple[str, int]]) -> list[FileName]:
    """The files to load; of several new ones with the same content only the first."""
    todo: dict[str, FileName] = {}
    for name, digest in fresh.items():
        file = read_name(name)
        if file and not _is_known(held, name, digest):
            todo.setdefault(digest, file)
    return list(todo.values())


def copy_files(cur: cursor, settings: Settings, files: Iterable[tuple[FileName, str]], run_id: str) -> None:
    """Copy *files* (with their content hashes) into raw; "ingest/begin_load" has run before."""
    with _made_anew(cur) as anew:
        for file, digest in files:
            _take(cur, settings.source_dir / file.name, file, digest, run_id, frozen=file.entity in anew)


@contextmanager
def _made_anew(cur: cursor) -> Iterator[list[str]]:
    """Prepare empty tables for frozen rows, and build their keys at the end; yield their names.

    A key built at the end costs half of one that is kept row by row. Frozen rows are written once; other rows are
    rewritten by their first reader and by a vacuum. Postgres freezes rows only in a table that this transaction has
    created or truncated. The table is locked meanwhile.
    """
    # So that an empty table stays empty.
    cur.execute(f"LOCK TABLE {', '.join(f'raw.{entity}' for entity in ENTITIES)} IN SHARE ROW EXCLUSIVE MODE")
    empty = [entity for entity in ENTITIES if not warehouse.one(cur, f"SELECT EXISTS (SELECT FROM raw.{entity})")]  # noqa: S608 # nosec B608
    for entity in empty:
        cur.execute(f"TRUNCATE raw.{entity}")
        cur.execute(f"ALTER TABLE raw.{entity} DROP CONSTRAINT {entity}_pkey")
    yield empty
    for entity in empty:
        cur.execute(f"ALTER TABLE raw.{entity} ADD PRIMARY KEY (file_id, line)")


def _combined(digests: Sequence[str]) -> str | None:
    if len(digests) <= 1:
        return digests[0] if digests else None
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()


def _take(cur: cursor, path: Path, file: FileName, expected: str, run_id: str, *, frozen: bool) -> None:
    """Copy one file into raw, replacing the earlier version of this name."""
    entity = ENTITIES[file.entity]
    parameters: dict[str, Any] = {
        "name": file.name,
        "entity": file.entity,
        "sha256": expected,
        "start": file.start,
        "end": file.end,
        "run_id": run_id,
    }
    old = warehouse.run_text(
        cur,
        "UPDATE raw.files SET retired_at = clock_timestamp() WHERE name = %(name)s AND retired_at IS NULL "
        "RETURNING file_id",
        parameters,
    )
    file_id = warehouse.run(cur, "ingest/add_file", **parameters)[0][0]
    for (old_id,) in old:
        cur.execute("UPDATE raw.files SET retired_by = %s WHERE file_id = %s", (file_id, old_id))
        warehouse.run(cur, f"ingest/retire_{entity.name}", file_id=old_id)
    rows, digest = copy_file(cur, path, entity, file, file_id, frozen=frozen)
    if digest != expected:
        raise SourceFault(
            f"{file.name} changed after it was validated. Nothing was loaded; clear the run from its first task on "
            "once the file is complete."
        )
    cur.execute("UPDATE raw.files SET row_count = %s WHERE file_id = %s", (rows, file_id))
    cur.execute("INSERT INTO new_files VALUES (%s)", (file_id,))


def decide(cur: cursor) -> None:
    """Decide for every affected raw row: core, quarantine, or skipped as a repeat."""
    for parent in ("customers", "products"):
        warehouse.run(cur, f"ingest/affect_{parent}")
        _judge(cur, parent)
        warehouse.run(cur, f"ingest/accept_{parent}")
    warehouse.run(cur, "ingest/affect_transactions")
    for parent in ("customers", "products"):
        warehouse.run(cur, f"ingest/drop_{parent}")
    _judge(cur, "transactions")
    warehouse.run(cur, "ingest/accept_transactions")


def _judge(cur: cursor, entity: str) -> None:
    """Run the entity's deciding checks over its affected rows, and quarantine the refused ones."""
    # The statements contain only names from ENTITIES and the text of our own .sql files.
    every = warehouse.one(
        cur,
        f"SELECT (SELECT count(*) FROM raw.{entity}) = (SELECT count(*) FROM affected_{entity})",  # noqa: S608 # nosec B608
    )
    warehouse.run(cur, f"ingest/scope_{'all_' if every else ''}{entity}")
    for check in checks.deciding(entity):
        if check.drops_repeats:
            cur.execute(
                f"INSERT INTO repeats SELECT %s, file_id, line FROM ({check.sql}) AS found",  # noqa: S608 # nosec B608
                (entity,),
            )
        else:
            cur.execute(
                "INSERT INTO offences (entity, file_id, line, check_name, column_name, reason) "  # noqa: S608 # nosec B608
                f"SELECT %s, file_id, line, %s, %s, %s FROM ({check.sql}) AS found",
                (entity, check.name, check.column, check.reason),
            )
    warehouse.run(cur, f"ingest/decide_{entity}")
    cur.execute(f"DROP VIEW pg_temp.{entity}")


def _refuse_bad_files(cur: cursor, max_bad_share: float) -> None:
    found = warehouse.run(cur, "ingest/bad_files", share=max_bad_share, samples=_SAMPLES)
    if found:
        told = "; ".join(f"{name}: {bad} of {rows} rows, first {where}" for name, bad, rows, where in found)
        raise Verdict(
            f"Too many bad rows, so nothing was loaded: {told}. At most {max_bad_share:.1%} of a file may be bad "
            "(RETAIL_MAX_BAD_PERCENT). Have the file corrected at its source, put it in place, and run again."
        )


def record(cur: cursor, run_id: str, kind: str, rows: int, seconds: float) -> int:
    """Record a change of core and return its version."""
    return int(warehouse.run(cur, "ingest/add_load", run_id=run_id, kind=kind, rows=rows, seconds=seconds)[0][0])


def accounting(cur: cursor) -> dict[str, int]:
    """The accounting over all entities; raises AssertionError, before the commit, if a row is not accounted for."""
    rows = warehouse.run_text(
        cur, "SELECT entity, read, core, quarantined, identical_skipped, missing FROM raw.accounting"
    )
    wrong = [row for row in rows if row[5] != 0]
    if wrong:
        raise AssertionError(f"read = core + quarantined + identical_skipped does not hold: {wrong}")
    totals = [sum(row[place] for row in rows) for place in range(1, 5)]
    return dict(zip(("read", "core", "quarantined", "identical_skipped"), totals, strict=True))
