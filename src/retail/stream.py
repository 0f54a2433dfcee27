"""Stream one source file into its raw table with COPY, typed on the way, in memory that does not grow."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TextIO, cast

from retail import parse
from retail.entities import Column, Entity
from retail.errors import SourceFault
from retail.periods import FileName
from retail.reader import Records
from retail.source import header_positions
from retail.warehouse import cursor

_CHUNK_CHARS = 1 << 16
_LINE_END = "\r\n"
_KEPT_CELLS = 1 << 13
_TICK = timedelta(microseconds=1)


class _CopyText(io.TextIOBase):
    """What COPY reads: CSV text made from rows, which are text already or cells, a chunk at a time."""

    def __init__(self, rows: Iterator[str | list[str]]) -> None:
        self._rows = rows
        self._buffer = io.StringIO(newline="")
        # With a lone \n here, Python before 3.13 leaves a \r in a cell unquoted, which Postgres refuses.
        self._writer = csv.writer(self._buffer, lineterminator=_LINE_END)
        self.count = 0

    def read(self, _size: int | None = -1, /) -> str:
        buffer = self._buffer
        for row in self._rows:
            if isinstance(row, str):
                buffer.write(row)
            else:
                self._writer.writerow(row)
            self.count += 1
            if buffer.tell() >= _CHUNK_CHARS:
                break
        text = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        return text


def _clamp(moment: datetime | None, named: FileName) -> datetime:
    if moment is None or moment < named.start:
        return named.start
    return min(moment, named.end - _TICK)


def _writing(column: Column) -> Callable[[str], str]:
    """How a cell of *column* becomes the text of its value; nothing where it has none."""

    # Prices, quantities and days come again and again: most cells are looked up. A moment is written below, where its
    # row's own moment is needed too.
    @lru_cache(maxsize=_KEPT_CELLS)
    def write(cell: str) -> str:
        value = column.read(cell)
        return "" if value is None else str(value)

    return write


def typed_rows(records: Records, entity: Entity, named: FileName, file_id: int) -> Iterator[str | list[str]]:
    """Turn records into rows of raw.*entity*: file, line, moment, what is malformed, text as read, typed values.

    A record without quotes, which needs none either, becomes a line of text around itself; any other one cells.
    """
    rows = iter(records)
    first = next(rows, None)
    if first is None:
        raise SourceFault(f"{named.name} is empty: not even a header. Ask for it again.")
    places = header_positions(named.name, entity, first[1])
    width = len(places)
    straight = places == list(range(width))
    moment_place = places[entity.header.index(entity.moment)] if entity.moment else None
    values = [
        (str if column.name == entity.moment else _writing(column), places[index])
        for index, column in enumerate(entity.columns)
        if column.typed
    ]
    moment_at = [place for _, place in values].index(moment_place) if moment_place is not None else None
    nothing = [""] * (width + len(values))
    start, end, earliest = named.start, named.end, str(named.start)
    for line, cells in rows:
        if len(cells) != width:
            yield [str(file_id), str(line), earliest, json.dumps(cells, ensure_ascii=False), *nothing]
            continue
        typed = [write(cells[place]) for write, place in values]
        as_of = earliest
        if moment_at is not None:
            # As it is written: Postgres reads it as Python does, and writing it anew takes longer than reading it.
            moment = parse.moment(typed[moment_at])
            if moment is None:
                typed[moment_at] = ""
            elif start <= moment < end:
                as_of = typed[moment_at]
            else:
                as_of = str(_clamp(moment, named))
        if straight and records.text is not None:
            yield f"{file_id},{line},{as_of},,{records.text},{','.join(typed)}{_LINE_END}"
        else:
            yield [str(file_id), str(line), as_of, "", *(cells[place] for place in places), *typed]


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
