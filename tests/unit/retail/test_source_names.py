"""A file's name says what it is and which days it covers."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from retail.checks import all_checks
from retail.errors import Verdict
from retail.periods import read_name, shop_day
from retail.quality import grade_of
from retail.report import file_name
from retail.settings import Settings


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("transactions_2026-03.csv", datetime(2026, 2, 28, 18, 30, tzinfo=UTC), datetime(2026, 3, 31, 18, 30, tzinfo=UTC)),  # noqa: E501
        ("transactions_2026-12.csv", datetime(2026, 11, 30, 18, 30, tzinfo=UTC), datetime(2026, 12, 31, 18, 30, tzinfo=UTC)),  # noqa: E501
        ("customers_2026-03-04_2.csv", datetime(2026, 3, 3, 18, 30, tzinfo=UTC), datetime(2026, 3, 4, 18, 30, tzinfo=UTC)),  # noqa: E501
    ],
)  # fmt: skip
def test_a_period_is_the_shops_own_days_in_utc(name: str, start: datetime, end: datetime) -> None:
    named = read_name(name)
    assert named is not None
    assert (named.start, named.end) == (start, end)
    assert shop_day(named.start) != shop_day(named.end)


@pytest.mark.parametrize("name", ["sales.csv", "transactions_2026-13.csv", "transactions_2026-02-30.csv", "products.CSV",  # noqa: E501
                                  "products.csv.bak", "transactions-2026-03.csv", "../products.csv"])  # fmt: skip
def test_another_name_is_no_source_file(name: str) -> None:
    assert read_name(name) is None


def test_the_shops_day_turns_at_midnight_in_india() -> None:
    assert shop_day(datetime(2026, 3, 3, 18, 29, 59, tzinfo=UTC)) == date(2026, 3, 3)
    assert shop_day(datetime(2026, 3, 3, 18, 30, tzinfo=UTC)) == date(2026, 3, 4)


def test_bad_settings_are_all_named_at_once() -> None:
    with pytest.raises(Verdict) as caught:
        Settings.from_env(
            {"RETAIL_SCORE_THRESHOLD": "high", "RETAIL_MAX_BAD_PERCENT": "101", "RETAIL_DATA_DIR": "data"}
        )
    for key in ("RETAIL_SCORE_THRESHOLD", "RETAIL_MAX_BAD_PERCENT", "RETAIL_DATA_DIR"):
        assert key in str(caught.value)
    assert Settings.from_env({"RETAIL_DATA_DIR": "/srv/shop"}).max_bad_share == 0.05


def test_grades_turn_at_their_edges() -> None:
    assert [grade_of(score) for score in (100, 95, 94.999, 90, 80, 70, 69.999, 0)] == list("AABBCDFF")


def test_a_report_has_a_safe_name_of_its_own_for_each_run() -> None:
    assert file_name("a/../b+00:00").startswith("a_.._b_00_00-")
    assert len({file_name(run_id) for run_id in ("a/b", "a_b", "a/b ", "a+b")}) == 4
    assert len(file_name("a" * 500)) < 255


def test_every_check_has_a_known_severity_a_weight_and_no_percent_sign() -> None:
    for check in all_checks():
        assert check.severity in {"error", "warning"}, check.name
        assert 0 < check.weight <= 1, check.name
        # psycopg2 takes % for a parameter where a check is put into a larger statement.
        assert "%" not in check.sql, check.name
