"""Read one source file in a single bounded pass: bytes hashed, text decoded, records numbered."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from retail.errors import SourceFault

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# No cell or line of a shop's file comes near this; past it the file is broken, and memory is at stake.
MAX_LINE_CHARS = 1 << 20
_CHUNK = 1 << 18


class _HashingFile(io.RawIOBase):
    """A file whose bytes are hashed as they are read."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self.digest = hashlib.sha256()
        self.last = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        count = self._file.readinto(view) or 0
        if count:
            self.digest.update(view[:count])
            self.last = bytes(view[count - 1 : count])
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


def sha256(path: Path) -> str:
    """The content hash of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Records:
    """The records of one CSV file, as (line, cells); *line* is where the record starts, the header is 1.

    :attr:`text` is the record just given, without its line end, where no cell of it is quoted, and None where one
    is. After the last record :attr:`sha256` is the hash of exactly the bytes that were read. Raises SourceFault
    on what cannot be read as CSV text: a wrong encoding, NUL bytes, an unclosed quote, a line past a
    megabyte, a file cut short, a missing file.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.name
        try:
            self._raw = _HashingFile(path)
        except FileNotFoundError:
            raise SourceFault(
                f"{self.name} is not there any more. Put it back, or clear the run's first task."
            ) from None
        # utf-8-sig: spreadsheets put a byte order mark before the header.
        self._text = io.TextIOWrapper(
            io.BufferedReader(self._raw, _CHUNK), encoding="utf-8-sig", errors="strict", newline=""
        )
        self._line = 0
        self.text: str | None = None
        self.sha256 = ""
        csv.field_size_limit(MAX_LINE_CHARS)

    def __enter__(self) -> Records:
        return self

    def __exit__(self, *_: object) -> None:
        self._text.close()

    def _lines(self) -> Iterator[str]:
        while True:
            try:
                line = self._text.readline(MAX_LINE_CHARS)
            except UnicodeDecodeError as error:
                byte = error.object[error.start]
                raise SourceFault(
                    f"{self.name}: after line {self._line} comes byte 0x{byte:02x}, which is not UTF-8. "
                    "Save the file as UTF-8."
                ) from None
            if not line:
                return
            self._line += 1
            if len(line) == MAX_LINE_CHARS and not line.endswith("\n"):
                raise SourceFault(
                    f"{self.name}: line {self._line} is longer than {MAX_LINE_CHARS:,} characters; "
                    "no record of the shop is. Look for a missing line end or an unclosed quote."
                )
            if "\0" in line:
                raise SourceFault(f"{self.name}: line {self._line} holds a NUL byte, so this is not text.")
            yield line

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        lines = self._lines()
        for line in lines:
            start = self._line
            if '"' in line:
                self.text = None
                try:
                    # It takes the lines that it needs.
                    cells = next(csv.reader(chain((line,), lines)))
                except csv.Error as error:
                    raise SourceFault(
                        f"{self.name}: the record from line {start} on cannot be read ({error}). "
                        "Look for a quote that is opened and not closed."
                    ) from None
            else:
                # Nearly every record, in a fraction of the reader's time.
                self.text = line.rstrip("\r\n")
                if not self.text:  # a blank line holds no record
                    continue
                cells = self.text.split(",")
            yield start, cells
        if self._raw.last and self._raw.last != b"\n":
            raise SourceFault(
                f"{self.name}: line {self._line} has no line end, so the file may be cut short. "
                "Ask for it again, or add the line end if it is whole."
            )
        self.sha256 = self._raw.digest.hexdigest()
