"""Write a source file whole or not at all, and note on which line each planted defect landed."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Planted:
    """One defect: the check that must find it and where."""

    check: str
    file: str
    line: int

    def as_json(self) -> dict[str, object]:
        return asdict(self)


class CsvFile:
    """A source file being written; it appears under its name only when closed without an error."""

    def __init__(self, folder: Path, name: str, header: Sequence[str]) -> None:
        self.name = name
        self._path = folder / name
        self._part = folder / f".{name}.part"
        self._file = self._part.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(header)
        self._line = 2
        self.rows = 0
        self.planted: list[Planted] = []

    def write(self, row: Sequence[str], *checks: str) -> None:
        """Add one row and note the *checks* that must find it."""
        self._writer.writerow(row)
        self.planted.extend(Planted(check, self.name, self._line) for check in checks)
        self._line += 1 + sum(cell.count("\n") for cell in row)
        self.rows += 1

    def __enter__(self) -> CsvFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._file.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink(missing_ok=True)

    def describe(self) -> dict[str, object]:
        """The file's row of the manifest."""
        with self._path.open("rb") as file:
            return {"rows": self.rows, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
