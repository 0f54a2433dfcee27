"""Cells on their way into a spreadsheet and back: none of them is taken for a formula, none comes back changed."""

from __future__ import annotations

import re

# What spreadsheets take for the start of a formula, the full-width forms included. Leading apostrophes count, too:
# without that a cell that had one of its own would lose it on the way back.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_SHIELDED = re.compile(r"'+[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def shield(cell: str | None) -> str | None:
    """Put an apostrophe before a cell that a spreadsheet would run."""
    return f"'{cell}" if cell and _FORMULA.match(cell) else cell


def unshield(cell: str) -> str:
    """Take the apostrophe of :func:`shield` away again; a cell without one is left as it is."""
    return cell[1:] if _SHIELDED.match(cell) else cell
