"""Read one source file in a single bounded pass: bytes hashed, text decoded, records numbered."""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from retail.errors import SourceFault

# No cell or line of a shop's file comes near this; past it the file is broken, and memory is at stake.
MAX_LINE_CHARS = 1 << 20
_CHUNK_BYTES = 1 << 16
_LINE = re.compile(r"[^\r\n]*+(?:\r\n?|\n)?")


def sha256(path: Path) -> str:
    """The content hash of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Records:
    """The records of one CSV file, as (line, cells); *line* is where the record starts, the header is 1.

    Between two records :meth:`take` takes a run of them as the text that they are. After the last record :attr:`sha256`
    is the hash of exactly the bytes that were read. Raises SourceFault on what cannot be read as CSV text: a wrong
    encoding, NUL bytes, an unclosed quote, a line past a megabyte, a file cut short, a missing file.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.name
        try:
            self._file = path.open("rb", buffering=0)
        except FileNotFoundError:
            raise SourceFault(
                f"{self.name} is not there any more. Put it back, or clear the run's first task."
            ) from None
        # utf-8-sig: spreadsheets put a byte order mark before the header.
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._digest = hashlib.sha256()
        self._last = b""
        # Whole lines, handed on up to `_at`, and the beginning of the line after them.
        self._text, self._at, self._rest = "", 0, ""
        self._line = 0
        self.sha256 = ""
        csv.field_size_limit(MAX_LINE_CHARS)

    def __enter__(self) -> Records:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _decoded(self, chunk: bytes) -> str:
        try:
            return self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            line = self._line + 1 + error.object.count(b"\n", 0, error.start)
            raise SourceFault(
                f"{self.name}: line {line} holds byte 0x{error.object[error.start]:02x}, which is not UTF-8. "
                "Save the file as UTF-8."
            ) from None

    def _fill(self) -> bool:
        """Have a whole line at hand; False at the end of the file."""
        while self._at == len(self._text):
            chunk = self._file.read(_CHUNK_BYTES)
            self._digest.update(chunk)
            self._last = chunk[-1:] or self._last
            text = self._rest + self._decoded(chunk)
            # A carriage return at the end may be half of a line end.
            whole = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1 if chunk else len(text)
            self._text, self._at, self._rest = text[:whole], 0, text[whole:]
            if not chunk and not text:
                return False
            if len(self._rest) > MAX_LINE_CHARS and not whole:
                raise self._too_long(self._line + 1)
        return True

    def _too_long(self, line: int) -> SourceFault:
        return SourceFault(
            f"{self.name}: line {line} is longer than {MAX_LINE_CHARS:,} characters; "
            "no record of the shop is. Look for a missing line end or an unclosed quote."
        )

    def _lines(self) -> Iterator[str]:
        while self._fill():
            found = _LINE.match(self._text, self._at)
            line = found[0] if found else ""
            self._at += len(line)
            self._line += 1
            if len(line) > MAX_LINE_CHARS:
                raise self._too_long(self._line)
            if "\0" in line:
                raise SourceFault(f"{self.name}: line {self._line} holds a NUL byte, so this is not text.")
            yield line

    def take(self) -> tuple[int, str]:
        """Take the next lines that hold no quote, and return the line of the first, and their text.

        Each is one record, or blank, and ends with \\n, whichever way it ends in the file. The text is empty where the
        next record has to be read on its own, and never longer than what is read at once.
        """
        first = self._line + 1
        # In a longer text a line may be too long, which is for _lines to tell.
        if not self._fill() or len(self._text) > MAX_LINE_CHARS:
            return first, ""
        quote = self._text.find('"', self._at)
        text = self._text[self._at : len(self._text) if quote < 0 else quote].partition("\0")[0]
        text = text[: text.rfind("\n") + 1]
        if "\r" in text and text.count("\r") != text.count("\r\n"):  # a line may end with \r alone
            return first, ""
        self._at += len(text)
        self._line += text.count("\n")
        return first, text.replace("\r\n", "\n") if "\r" in text else text

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        # It takes the lines that a record needs, and no more.
        records = csv.reader(self._lines())
        while True:
            start = self._line + 1
            try:
                cells = next(records, None)
            except csv.Error as error:
                raise SourceFault(
                    f"{self.name}: the record from line {start} on cannot be read ({error}). "
                    "Look for a quote that is opened and not closed."
                ) from None
            if cells is None:
                break
            if cells:  # a blank line holds no record
                yield start, cells
        if self._last and self._last != b"\n":
            raise SourceFault(
                f"{self.name}: line {self._line} has no line end, so the file may be cut short. "
                "Ask for it again, or add the line end if it is whole."
            )
        self.sha256 = self._digest.hexdigest()
