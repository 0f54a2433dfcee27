"""The folder of source files, and the checks of a whole file before those of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from retail.entities import ENTITIES, Column, Entity
from retail.errors import SourceFault
from retail.periods import FileName, read_name
from retail.reader import Records

_SAMPLE_ROWS = 1000
# Fewer good values than this in a sample and the column holds something else altogether.
_MISTYPED_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that was read completely: *rows* counts its records without the header."""

    name: str
    sha256: str
    rows: int


def list_files(folder: Path, *, starting: tuple[datetime, datetime] | None = None) -> list[FileName]:
    """The source files in *folder*, parents first, oldest period first.

    With *starting* only files whose period starts in that half-open window (UTC) are listed. Raises
    SourceFault for a missing folder and for a .csv whose name is not understood.
    """
    if not folder.is_dir():
        raise SourceFault(
            "The shop's source folder does not exist. Run `python -m retail generate`, or point RETAIL_DATA_DIR "
            "at the folder that holds source/."
        )
    found, unknown = [], []
    for path in folder.iterdir():
        if path.suffix != ".csv" or path.name.startswith("."):
            continue
        named = read_name(path.name)
        if named is None:
            unknown.append(path.name)
        elif starting is None or starting[0] <= named.start < starting[1]:
            found.append(named)
    if unknown:
        raise SourceFault(
            f"Not a source file's name: {', '.join(sorted(unknown))}. Use ENTITY.csv, ENTITY_YYYY-MM.csv or "
            f"ENTITY_YYYY-MM-DD.csv with one of {', '.join(ENTITIES)}; _2 and so on for further files of a period."
        )
    order = list(ENTITIES)
    return sorted(found, key=lambda file: (order.index(file.entity), file.start, file.name))


def header_positions(name: str, entity: Entity, header: Sequence[str]) -> list[int]:
    """The position of each of the entity's columns in *header*, in any order.

    Raises SourceFault naming every missing, extra and doubled column, and a likely renaming.
    """
    cells = [cell.strip() for cell in header]
    if len(cells) == 1 and len(entity.columns) > 1:
        for mark, called in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if mark in cells[0]:
                raise SourceFault(f"{name}: columns are separated by {called}; commas are needed.")
    wanted = entity.header
    doubled = sorted({cell for cell in cells if cells.count(cell) > 1})
    missing = [column for column in wanted if column not in cells]
    extra = [cell for cell in cells if cell not in wanted]
    if not (doubled or missing or extra):
        return [cells.index(column) for column in wanted]
    found = []
    if doubled:
        found.append("doubled: " + ", ".join(doubled))
    # A column gone and another new at the same place is a renaming more often than not.
    for column in [*missing]:
        place = wanted.index(column)
        if len(cells) == len(wanted) and cells[place] in extra:
            found.append(f"renamed: {column} is now {cells[place]}")
            extra.remove(cells[place])
            missing.remove(column)
    if missing:
        found.append("missing: " + ", ".join(missing))
    if extra:
        found.append("extra: " + ", ".join(extra))
    raise SourceFault(f"{name}: the columns are not the agreed ones ({'; '.join(found)}).")


def inspect(path: Path, entity: Entity) -> SourceFile:
    """Read a whole file without keeping it, and raise SourceFault when its format is wrong.

    This checks columns, encoding, line ends and the types of the first thousand rows. Single bad rows go to quarantine
    when the file is loaded.
    """
    with Records(path) as records:
        rows = iter(records)
        first = next(rows, None)
        if first is None:
            raise SourceFault(f"{path.name} is empty, without a header. Request it again.")
        places = header_positions(path.name, entity, first[1])
        count = 0
        good = {column.name: 0 for column in entity.typed}
        filled = dict(good)
        typed = [(column, places[entity.header.index(column.name)]) for column in entity.typed]
        for _, cells in rows:
            count += 1
            if count > _SAMPLE_ROWS:
                while text := records.take()[1]:
                    lines = text.split("\n")
                    count += len(lines) - lines.count("")
                continue
            if len(cells) != len(places):
                continue
            for column, place in typed:
                if cells[place]:
                    filled[column.name] += 1
                    good[column.name] += column.read(cells[place]) is not None
    if count == 0:
        raise SourceFault(f"{path.name} holds a header and no rows. Send no file when there is nothing to send.")
    _refuse_mistyped(path.name, [column for column, _ in typed], filled, good)
    return SourceFile(path.name, records.sha256, count)


def _refuse_mistyped(name: str, typed: list[Column], filled: dict[str, int], good: dict[str, int]) -> None:
    wrong = [
        f"{column.name} ({filled[column.name] - good[column.name]} of its first {filled[column.name]} values are "
        f"not {column.needs})"
        for column in typed
        if filled[column.name] and good[column.name] < filled[column.name] * _MISTYPED_SHARE
    ]
    if wrong:
        raise SourceFault(f"{name}: a column holds another type: {'; '.join(wrong)}.")
