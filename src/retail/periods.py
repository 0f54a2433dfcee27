"""The shop's days and the periods that source files cover.

The shop keeps Indian time; a period is half-open and held in UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from operator import itemgetter
from zoneinfo import ZoneInfo

from retail import parse

SHOP_ZONE = ZoneInfo("Asia/Kolkata")
# A file without a period in its name (customers.csv) is a full list: it belongs to all time.
_ALWAYS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
_FILE = re.compile(
    r"(?P<entity>customers|products|transactions)"
    r"(?:_(?P<year>\d{4})-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?(?:_(?P<part>\d{1,3}))?\.csv",
    re.ASCII,
)
_DECEMBER = 12


_OFFSET = r"\+05:30"  # the zone's, always
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class FileName:
    """The meaning of a source file's name: its entity and its period [start, end), in UTC."""

    name: str
    entity: str
    start: datetime
    end: datetime


def day_start(day: date) -> datetime:
    """The moment a shop's day begins, in UTC."""
    return datetime.combine(day, time(), SHOP_ZONE).astimezone(UTC)


def shop_day(moment: datetime) -> date:
    """The shop's day that *moment* falls in."""
    return moment.astimezone(SHOP_ZONE).date()


def read_name(name: str) -> FileName | None:
    """Read a source file's name, or None when it is not one.

    ENTITY.csv covers all time, ENTITY_YYYY-MM.csv a month, ENTITY_YYYY-MM-DD.csv a day; a further _N
    tells two files for one period apart.
    """
    found = _FILE.fullmatch(name)
    if found is None:
        return None
    if found["year"] is None:
        return FileName(name, found["entity"], *_ALWAYS)
    try:
        first = date(int(found["year"]), int(found["month"]), int(found["day"] or 1))
    except ValueError:
        return None
    if found["day"]:
        after = first + timedelta(days=1)
    elif first.month == _DECEMBER:
        after = date(first.year + 1, 1, 1)
    else:
        after = date(first.year, first.month + 1, 1)
    return FileName(name, found["entity"], day_start(first), day_start(after))


def clamp(moment: datetime | None, named: FileName) -> datetime:
    """The moment that a row belongs to: its own, kept inside its file's period."""
    if moment is None or moment < named.start:
        return named.start
    return min(moment, named.end - _TICK)


def plain_moment(named: FileName) -> str:
    """A pattern of moments that plainly exist and lie in the file's period: its days, written in the shop's time."""
    if (named.start, named.end) == _ALWAYS:
        day = parse.PLAIN_DAY_OF_CENTURY
    else:
        first, last = shop_day(named.start), shop_day(named.end - _TICK)
        tens = groupby((f"{day:02}" for day in range(first.day, last.day + 1)), itemgetter(0))
        days = "|".join(f"{ten}[{''.join(day[1] for day in same)}]" for ten, same in tens)
        day = f"{first:%Y-%m}-(?:{days})"
    return f"{day}T{parse.PLAIN_TIME}{_OFFSET}"
