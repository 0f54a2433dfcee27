"""Stream one source file into its raw table with COPY, typed on the way, in memory that does not grow."""

from __future__ import annotations

import io
import json
import re
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TextIO, cast

from retail import parse, periods
from retail.entities import Column, Entity
from retail.errors import SourceFault
from retail.periods import FileName
from retail.reader import Records
from retail.source import header_positions
from retail.warehouse import cursor

# The amount of text made ahead while Postgres is busy: a few megabytes at most.
_CHUNK_CHARS = 1 << 16
_CHUNKS_AHEAD = 8
# COPY's own text costs Postgres less than CSV.
COPY_OPTIONS = "DELIMITER ',', NULL ''"
# Any cell, for a search that is twice as fast as one by PLAIN_WORD; over a line's end too, which is to be seen after.
_UP_TO_THE_COMMA = "[^,]*+"


def _typed_cells(columns: Sequence[Column], entity: Entity, named: FileName, word: str) -> re.Pattern[str]:
    """What finds in each line its typed cells, as one stretch of text; "" where a cell is not plain (words: *word*)."""
    places = [place for place, column in enumerate(columns) if column.typed]
    if len(places) <= places[-1] - places[0]:
        return re.compile(r"()[^\n]*+\n")  # in an odd order, typed cells are not one stretch of the record
    cells = [column.plain if column.typed else word for column in columns]
    if not columns[-1].typed:
        cells[-1] = parse.PLAIN_WORD
    if entity.moment:
        cells[[column.name for column in columns].index(entity.moment)] = periods.plain_moment(named)
    cells[places[0]] = f"({cells[places[0]]}"
    cells[places[-1]] += ")"
    return re.compile(rf"{','.join(cells)}\n|[^\n]*+\n")


class CopyText(io.TextIOBase):
    """The input of COPY: text made from a file's records, a piece at a time.

    It is made ahead, in a thread of its own, so that neither waits for the other while Postgres writes to its disk.

    Each row is its line, its cells as read, what is malformed, the typed values, its file and its moment. The moment is
    left out where it is the row's own, inside the file's period: the typed value says it already.
    """

    def __init__(self, records: Records, entity: Entity, named: FileName, file_id: int) -> None:
        rows = iter(records)
        first = next(rows, None)
        if first is None:
            raise SourceFault(f"{named.name} is empty, without a header. Request it again.")
        places = header_positions(named.name, entity, first[1])
        self._header = [entity.columns[places.index(place)] for place in range(len(places))]
        self._typed = [(place, column) for place, column in enumerate(self._header) if column.typed]
        read, typed = [column.name for column in self._header], [str(column.typed) for _, column in self._typed]
        self.columns = ["line", *read, "malformed", *typed, "file_id", "as_of"]
        self.count = 0
        self._entity, self._named, self._file_id = entity, named, file_id
        self._start = str(named.start)
        self._records = records
        self._typed_cells = _typed_cells(self._header, entity, named, parse.PLAIN_WORD)
        self._typed_cells_at_a_glance = _typed_cells(self._header, entity, named, _UP_TO_THE_COMMA)
        self._pieces = self._written(rows)
        self._maker = ThreadPoolExecutor(1)
        self._ahead = deque(self._maker.submit(self._chunk) for _ in range(_CHUNKS_AHEAD))

    def read(self, _size: int | None = -1, /) -> str:
        text = self._ahead.popleft().result()
        self._ahead.append(self._maker.submit(self._chunk))
        return text

    def close(self) -> None:
        self._maker.shutdown(cancel_futures=True)
        super().close()

    def _chunk(self) -> str:
        parts, size = [], 0
        for piece in self._pieces:
            parts.append(piece)
            size += len(piece)
            if size >= _CHUNK_CHARS:
                break
        return "".join(parts)

    def _written(self, rows: Iterator[tuple[int, list[str]]]) -> Iterator[str]:
        while True:
            first, text = self._records.take()
            if text:
                yield self._many(first, text)
                continue
            record = next(rows, None)
            if record is None:
                return
            self.count += 1
            yield self._one(*record)

    def _many(self, first: int, text: str) -> str:
        """Rows from lines without a quote: nearly all are plain, and take a tenth of the time of single records."""
        records = text.split("\n")
        records.pop()
        typed = [] if "\\" in text else self._typed_cells_at_a_glance.findall(text)
        # With fewer, one of them spans a line end: a record that lacks a cell.
        if len(typed) < len(records):
            typed = self._typed_cells.findall(text)
        # A fifth of what a moment costs Postgres is its T.
        values = "\n".join(typed).replace(".", "").replace("T", " ").split("\n")
        rest = f"{self._file_id},{'' if self._entity.moment else self._start}\n"
        rows = [
            f"{line},{record},,{value},{rest}" if value else self._one(line, record.split(","))
            for line, (record, value) in enumerate(zip(records, values, strict=True), first)
            if record
        ]
        self.count += len(rows)
        return "".join(rows)

    def _one(self, line: int, cells: list[str]) -> str:
        """The row of any record."""
        values, as_of, malformed = [""] * len(self._typed), self._start, ""
        if len(cells) != len(self._header):
            malformed = json.dumps(cells, ensure_ascii=False)
            cells = [""] * len(self._header)
        else:
            for index, (place, column) in enumerate(self._typed):
                value = column.read(cells[place])
                if value is not None:
                    values[index] = str(value)
                if column.name == self._entity.moment:
                    within = periods.clamp(value, self._named)
                    as_of = "" if within == value else str(within)
        # Characters in a cell that COPY would interpret.
        read = ",".join([cell.replace("\\", "\\\\").replace(",", "\\,") for cell in (*cells, malformed)])
        read = read.replace("\n", "\\n").replace("\r", "\\r")
        return f"{line},{read},{','.join(values)},{self._file_id},{as_of}\n"


def copy_file(
    cur: cursor, path: Path, entity: Entity, named: FileName, file_id: int, *, frozen: bool = False
) -> tuple[int, str]:
    """Copy the file at *path* into raw and return (rows, content hash of the bytes that were read).

    *frozen* rows are for a table that this transaction has truncated.
    """
    with Records(path) as records, CopyText(records, entity, named, file_id) as text:
        # The names are this package's own, never a file's.
        copy = f"COPY raw.{entity.name} ({', '.join(text.columns)}) FROM STDIN ({COPY_OPTIONS}, FREEZE {frozen})"
        cur.copy_expert(copy, cast("TextIO", text))
        return text.count, records.sha256
