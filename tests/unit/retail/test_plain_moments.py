"""A moment that is plain for a file exists and lies in the file's period."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from retail import parse
from retail.periods import SHOP_ZONE, clamp, plain_moment, read_name


@pytest.mark.parametrize(
    ("name", "plain_days"),
    [
        ("transactions_2026-02.csv", 28),
        ("transactions_2028-02.csv", 29),
        ("transactions_2026-12.csv", 31),
        ("transactions_2026-03-04.csv", 1),
        ("transactions_2026-12-31_2.csv", 1),
        # The fifteen months around March 2026, without any leap day.
        ("transactions.csv", 457),
    ],
)
def test_every_day_of_the_period_is_plain_and_no_other(name: str, plain_days: int) -> None:
    named = read_name(name)
    assert named is not None
    pattern = re.compile(plain_moment(named))
    first = max(named.start, datetime(2025, 10, 1, tzinfo=SHOP_ZONE)).astimezone(SHOP_ZONE)
    days = 0
    for offset in range(-40, 417):
        day = (first + timedelta(days=offset)).date()
        matched = [
            text for time in ("00:00:00", "12:34:56", "23:59:59") if pattern.fullmatch(text := f"{day}T{time}+05:30")
        ]
        assert len(matched) in (0, 3)
        for text in matched:
            moment = parse.moment(text)
            assert moment is not None
            assert clamp(moment, named) == moment
        days += bool(matched)
    assert days == plain_days


@pytest.mark.parametrize(
    "text",
    ["", "2026-03-04T24:00:00+05:30", "2026-03-04T10:60:00+05:30", "2026-03-04T10:00:00Z", "2026-03-32T10:00:00+05:30",
     "2026-03-00T10:00:00+05:30", "2026-03-04 10:00:00+05:30", "2026-03-04T10:00:00.5+05:30"],
)  # fmt: skip
def test_other_moments_are_not_plain(text: str) -> None:
    named = read_name("transactions_2026-03.csv")
    assert named is not None
    assert not re.fullmatch(plain_moment(named), text)
