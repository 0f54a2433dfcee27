"""Rows that core could not take: list them, write them out for correction, and replay the corrected ones."""

from __future__ import annotations

import csv
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retail import ingest, warehouse
from retail.entities import ENTITIES, Entity
from retail.errors import SourceFault
from retail.periods import clamp, read_name
from retail.reader import Records
from retail.spreadsheet import shield, unshield
from retail.warehouse import Lock, connection, cursor

_TOLD = 5
# What an exported row carries before the entity's own columns.
_PLACE = ["file", "line", "checks", "columns", "reasons"]


def summary(conn: connection) -> list[tuple[Any, ...]]:
    """(entity, check, reason, rows) for each check that holds rows back."""
    with warehouse.transaction(conn) as cur:
        warehouse.require_schema(cur)
        return warehouse.run(cur, "quarantine/summary")


def export(conn: connection, entity: Entity, path: Path, check: str | None = None) -> int:
    """Write the entity's quarantined rows to *path* as CSV, ready to be corrected and replayed; return how many.

    People open it in a spreadsheet, so cells that would be run as a formula get an apostrophe, which replay takes off.
    """
    with warehouse.transaction(conn) as cur:
        warehouse.require_schema(cur)
        rows = warehouse.run(cur, f"quarantine/held_{entity.name}", check_name=check)
    with path.open("w", encoding="utf-8", newline="") as file:
        # With \n alone here, Python before 3.13 leaves a \r in a cell unquoted, which would split the row.
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([*_PLACE, *entity.header])
        place = len(_PLACE)
        writer.writerows([*row[:place], *map(shield, row[place:])] for row in rows)
    return len(rows)


@dataclass(frozen=True, slots=True)
class Replayed:
    """The result of a replay: *rows* were corrected, *held* of them are still in quarantine."""

    rows: int
    held: int
    version: int


def replay(conn: connection, entity: Entity, path: Path, by: str) -> Replayed:
    """Replace quarantined rows with the corrected ones of *path* (as :func:`export` wrote it).

    The rows as read are kept in quarantine.corrections with *by*. Every row that shares an id with a corrected one is
    checked again. Raises SourceFault, with nothing changed, when a row names a place that holds no quarantined row.
    """
    began = time.monotonic()
    with warehouse.transaction(conn, Lock.INGEST) as cur:
        warehouse.require_schema(cur)
        warehouse.run(cur, "ingest/begin_load")
        rows = _correct(cur, entity, path, by)
        ingest.decide(cur)
        held = int(
            warehouse.one(cur, "SELECT count(*) FROM quarantine.rows JOIN corrected USING (entity, file_id, line)")
        )
        version = ingest.record(cur, f"replay by {by}", "replay", rows, time.monotonic() - began)
        ingest.accounting(cur)
    return Replayed(rows, held, version)


def _correct(cur: cursor, entity: Entity, path: Path, by: str) -> int:
    wrong, count = [], 0
    with Records(path) as records:
        rows = iter(records)
        header = next(rows, (1, []))[1]
        missing = [name for name in ("file", "line", *entity.header) if name not in header]
        if missing:
            raise SourceFault(
                f"{path.name} has no column {', '.join(missing)}. Start from the file that `quarantine export` writes."
            )
        for line, cells in rows:
            row = {name: unshield(cell) for name, cell in zip(header, cells, strict=False)}
            found = []
            named = read_name(row.get("file", ""))
            if named and row.get("line", "").isascii() and row["line"].isdigit() and len(cells) == len(header):
                found = warehouse.run(
                    cur, "quarantine/find", entity=entity.name, name=named.name, line=int(row["line"])
                )
            if not (found and named):
                wrong.append(f"line {line} ({row.get('file')} line {row.get('line')})")
                continue
            values: dict[str, Any] = {column.name: row[column.name] or None for column in entity.columns}
            values |= {str(column.typed): column.read(row[column.name]) for column in entity.typed}
            facts = {
                "file_id": found[0][0],
                "line": int(row["line"]),
                "by": by,
                "as_of": clamp(values.get("ordered_ts"), named),
            }
            warehouse.run(cur, f"ingest/correct_{entity.name}", **facts, **values)
            count += 1
    if wrong:
        more = f" and {len(wrong) - _TOLD} more" if len(wrong) > _TOLD else ""
        raise SourceFault(
            f"{path.name}: no row of {entity.name} is in quarantine for {', '.join(wrong[:_TOLD])}{more}. Nothing was "
            "changed. Export again: rows may have been replayed or their file replaced."
        )
    return count


def entity_of(name: str) -> Entity:
    """The entity called *name*; raises SourceFault naming the known ones."""
    if name not in ENTITIES:
        raise SourceFault(f"{name!r} is not a kind of row. Use one of {', '.join(ENTITIES)}.")
    return ENTITIES[name]
