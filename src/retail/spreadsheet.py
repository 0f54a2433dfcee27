"""Cells on their way into a spreadsheet and back: none of them is taken for a formula, none comes back changed."""

from __future__ import annotations

import re

# What spreadsheets take for the start of a formula: the full-width forms too, and after what some of them skip: blanks,
# control characters, a byte order mark, characters without a width. Leading apostrophes count as well: without that a
# cell that had one of its own would lose it on the way back.
_SKIPPED = r"[\s\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
_START = rf"{_SKIPPED}*[\t\r\n=+\-@\uff1d\uff0b\uff0d\uff20]"
_FORMULA = re.compile(f"'*{_START}")
_SHIELDED = re.compile(f"'+{_START}")


def shield(cell: str | None) -> str | None:
    """Put an apostrophe before a cell that a spreadsheet would run."""
    return f"'{cell}" if cell and _FORMULA.match(cell) else cell


def unshield(cell: str) -> str:
    """Take the apostrophe of :func:`shield` away again; a cell without one is left as it is."""
    return cell[1:] if _SHIELDED.match(cell) else cell
