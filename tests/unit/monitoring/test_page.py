"""The parts of the page of pictures, each by itself."""

from __future__ import annotations

import re

import pytest
from support.time_filter import fill_sql

from airfleet.observe.boards.drawing import line_chart
from airfleet.observe.boards.html_page import fill
from airfleet.observe.boards.units import human


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.25, "s", "250 ms"),
        (59.6, "s", "59.6 s"),
        (90, "s", "1m 30s"),
        (7260, "s", "2h 1m"),
        (1536, "bytes", "1.5 KiB"),
        (2**41, "bytes", "2 TiB"),
        (0.992, "percentunit", "99.2 %"),
        (1, "bool_yes_no", "yes"),
        (3.5, "cps", "3.5/s"),
        (12, "short", "12"),
    ],
)
def test_values_are_written_as_people_read_them(value: float, unit: str, text: str) -> None:
    assert human(value, unit) == text


def test_grafanas_variables_are_filled_in() -> None:
    expression = 'sum(rate(x{dag_id=~"$dag", worker=~"$worker"}[$__rate_interval])) + increase(y[$__range])'
    filled = 'sum(rate(x{dag_id=~".*", worker=~".*"}[60s])) + increase(y[900s])'
    assert fill(expression, seconds=900) == filled


def test_each_time_filter_of_a_statement_is_filled_in() -> None:
    statement = "SELECT 1 WHERE $__timeFilter(a) UNION SELECT 2 WHERE $__timeFilter(b) ORDER BY 1"
    minute = "> now() - interval '60 seconds'"
    wanted = f"SELECT 1 WHERE a {minute} UNION SELECT 2 WHERE b {minute} ORDER BY 1"
    assert fill_sql(statement, seconds=60) == wanted


def test_a_line_is_drawn_within_the_picture_and_not_across_a_gap() -> None:
    points = [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (90.0, 7.0), (91.0, 5.0)]
    chart = line_chart([("a <b>", points)], start=0, end=100, unit="short")
    (path,) = re.findall(r'<path d="([^"]*)" fill="none"', chart)
    assert path.count("M") == 2
    numbers = [tuple(map(float, pair)) for pair in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]
    assert all(58 <= x <= 412 and 8 <= y <= 160 for x, y in numbers)
    assert "a &lt;b&gt;" in chart


@pytest.mark.parametrize("value", [0.0, -3.0, 1e-9, 1e12])
def test_a_flat_line_of_any_height_can_be_drawn(value: float) -> None:
    assert "<svg" in line_chart([("x", [(0.0, value), (1.0, value)])], start=0, end=10, unit="s")
