"""Cells become values or None, and never anything in between."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail import parse


@pytest.mark.parametrize(
    ("text", "cents"),
    [("499", 49900), ("499.5", 49950), ("499.05", 49905), ("-12.30", -1230), ("0.01", 1), ("000.10", 10),
     ("9" * 15 + ".99", int("9" * 15) * 100 + 99)],
)  # fmt: skip
def test_money_is_read_as_whole_cents(text: str, cents: int) -> None:
    assert parse.cents(text) == cents


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "1.", ".5", "1.234", "1e3", "NaN", "inf", "-", "+1", "1,000", "9" * 16, "٣", "0x1", "1_0"]
)
def test_what_is_not_money_is_none(text: str) -> None:
    assert parse.cents(text) is None


@given(st.integers(-(10**14), 10**14))
def test_money_is_read_back_exactly(cents: int) -> None:
    assert parse.cents(f"{Decimal(cents) / 100:.2f}") == cents


@given(st.text())
def test_any_text_is_a_value_or_none_and_never_an_error(text: str) -> None:
    for read in (parse.cents, parse.whole, parse.day, parse.moment, parse.word):
        read(text)


def test_only_days_and_moments_that_exist_are_read() -> None:
    assert parse.day("2028-02-29") == date(2028, 2, 29)
    assert parse.moment("2026-03-04T12:00:00+05:30") == datetime(2026, 3, 4, 6, 30, tzinfo=UTC)
    assert parse.moment("2026-03-04 12:00:00.5Z") == datetime(2026, 3, 4, 12, 0, 0, 500_000, tzinfo=UTC)
    for text in ("2027-02-29", "20270228", "2027-2-8", "", "2026-W10-1"):
        assert parse.day(text) is None
    for text in (
        "2026-03-04T12:00:00",
        "2026-03-04T25:00:00Z",
        "2026-03-04",
        "2026-02-30T00:00:00Z",
        "2026-03-04T12:00:00+15:00",
    ):
        assert parse.moment(text) is None


@given(st.text("0123456789.-+", max_size=20))
def test_a_plain_number_is_its_text_without_points(text: str) -> None:
    for plain, read in ((parse.PLAIN_CENTS, parse.cents), (parse.PLAIN_WHOLE, parse.whole)):
        if text and re.fullmatch(plain, text):
            assert read(text) == int(text.replace(".", ""))


@pytest.mark.parametrize(
    "text", ["4.5", "499", ".50", "1.50.00", "-", "9" * 16 + ".00", "+1.00", "1.00 ", "\u0661.\u0660\u0660"]
)
def test_other_money_is_not_plain(text: str) -> None:
    assert not re.fullmatch(parse.PLAIN_CENTS, text)


@pytest.mark.parametrize("year", [0, 1, 999, 1000, 1999, 2000, 2024, 2026, 2099, 2100, 9999])
def test_plain_days_are_those_that_exist_but_leap_days(year: int) -> None:
    for month in range(14):
        for day in range(33):
            text = f"{year:04}-{month:02}-{day:02}"
            exists = parse.day(text) is not None and (month, day) != (2, 29)
            assert bool(re.fullmatch(parse.PLAIN_DAY, text)) == (exists and year >= 1000)
            assert bool(re.fullmatch(parse.PLAIN_DAY_OF_CENTURY, text)) == (exists and 2000 <= year <= 2099)
