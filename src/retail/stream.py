"""Stream one source file into its raw table with COPY, typed on the way, in memory that does not grow."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TextIO, cast

from retail.entities import Entity
from retail.errors import SourceFault
from retail.periods import FileName
from retail.reader import Records
from retail.source import header_positions
from retail.warehouse import cursor

_CHUNK_CHARS = 1 << 16
_TICK = timedelta(microseconds=1)


class _CopyText(io.TextIOBase):
    """What COPY reads: CSV text made from records, a chunk at a time."""

    def __init__(self, rows: Iterator[list[object]]) -> None:
        self._rows = rows
        self._buffer = io.StringIO(newline="")
        # With a lone \n here, Python before 3.13 leaves a \r in a cell unquoted, which Postgres refuses.
        self._writer = csv.writer(self._buffer, lineterminator="\r\n")
        self.count = 0

    def read(self, _size: int | None = -1, /) -> str:
        for row in self._rows:
            self._writer.writerow(row)
            self.count += 1
            if self._buffer.tell() >= _CHUNK_CHARS:
                break
        text = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return text


def _clamp(moment: datetime | None, named: FileName) -> datetime:
    if moment is None or moment < named.start:
        return named.start
    return moment if moment < named.end else named.end - _TICK


def typed_rows(records: Records, entity: Entity, named: FileName, file_id: int) -> Iterator[list[object]]:
    """Turn records into rows of raw.*entity*: file, line, moment, what is malformed, text as read, typed values."""
    rows = iter(records)
    first = next(rows, None)
    if first is None:
        raise SourceFault(f"{named.name} is empty: not even a header. Ask for it again.")
    places = header_positions(named.name, entity, first[1])
    width = len(places)
    straight = places == list(range(width))
    typed = [(column.read, places[index]) for index, column in enumerate(entity.columns) if column.typed]
    moment_at = next((i for i, column in enumerate(entity.typed) if column.typed == "ordered_ts"), None)
    nothing = [None] * (width + len(typed))
    start = named.start
    for line, cells in rows:
        if len(cells) != width:
            yield [file_id, line, start, json.dumps(cells, ensure_ascii=False), *nothing]
            continue
        values: list[object] = [read(cells[place]) for read, place in typed]
        as_of: object = start
        if moment_at is not None and isinstance(moment := values[moment_at], datetime):
            # As it is written: Postgres reads it as Python does, and writing it anew takes longer than reading it.
            values[moment_at] = text = cells[typed[moment_at][1]]
            kept = _clamp(moment, named)
            as_of = text if kept is moment else kept
        yield [file_id, line, as_of, None, *(cells if straight else [cells[place] for place in places]), *values]


def copy_file(cur: cursor, path: Path, entity: Entity, named: FileName, file_id: int) -> tuple[int, str]:
    """Copy the file at *path* into raw and return (rows, content hash of the bytes that were read)."""
    columns = ["file_id", "line", "as_of", "malformed", *entity.header, *(str(c.typed) for c in entity.typed)]
    with Records(path) as records:
        text = _CopyText(typed_rows(records, entity, named, file_id))
        # Both parts are this package's own names, never a file's.
        copy = f"COPY raw.{entity.name} ({', '.join(columns)}) FROM STDIN (FORMAT csv)"
        cur.copy_expert(copy, cast("TextIO", text))
        return text.count, records.sha256


def moment_of(values: dict[str, object], named: FileName) -> datetime:
    """The moment that a row belongs to: its own, kept inside its file's period."""
    moment = values.get("ordered_ts")
    return _clamp(moment if isinstance(moment, datetime) else None, named)
