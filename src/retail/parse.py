"""Turn the text of one cell into its type, or into None when it is not of that type.

Only the type is judged here. Whether a value makes sense (a price above zero, a known payment
state) is for the checks, which are SQL.
"""

from __future__ import annotations

import re
from datetime import date, datetime

# Fifteen digits of money stay far inside bigint cents; more is a defect, never a price.
_MONEY = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{1,2}))?", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MOMENT = re.compile(
    # No time zone is further than 14 hours from UTC, and Postgres refuses 16.
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])",
    re.ASCII,
)

# A plain cell means the same to COPY's text as to a reader of CSV, and its type shows without reading it: its value, as
# Postgres reads it, is the cell without its points. Most cells are plain; any other one is read by the functions below,
# and may have a value all the same.
PLAIN_WORD = r'[^,"\\\r\n\0]*+'
PLAIN_CENTS = r"(?:-?[0-9]{1,15}+\.[0-9]{2})?+"
PLAIN_WHOLE = r"(?:-?[0-9]{1,9}+)?+"
# February has 28 days in every year.
_DAY_OF_YEAR = r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
PLAIN_DAY = rf"(?:[1-9][0-9]{{3}}-{_DAY_OF_YEAR})?+"
PLAIN_DAY_OF_CENTURY = rf"20[0-9]{{2}}-{_DAY_OF_YEAR}"
PLAIN_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"


def cents(text: str) -> int | None:
    """Read decimal money ("499", "499.5", "-12.30") as integer cents."""
    found = _MONEY.fullmatch(text)
    if found is None:
        return None
    sign, whole, part = found.groups()
    value = int(whole) * 100 + int((part or "0").ljust(2, "0"))
    return -value if sign else value


def whole(text: str) -> int | None:
    """Read a whole number of at most nine digits."""
    return int(text) if _WHOLE.fullmatch(text) else None


def day(text: str) -> date | None:
    """Read a date that exists, written YYYY-MM-DD."""
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def moment(text: str) -> datetime | None:
    """Read a moment that exists, written in ISO 8601 with its offset from UTC."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def word(text: str) -> str | None:
    """Keep text as it is; an empty cell is no text."""
    return text or None
