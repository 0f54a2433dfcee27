"""The generator gives the same bytes for the same wish, and sound days after the standard set."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from retail.errors import Verdict
from retail.generate import generate, sales


def test_the_same_wish_gives_the_same_bytes_and_drops_leave_the_set_alone(tmp_path: Path) -> None:
    first = generate(tmp_path / "a")
    second = generate(tmp_path / "b", through=date(2026, 7, 16))
    shared = {name: facts for name, facts in second["files"].items() if name in first["files"]}
    assert shared == first["files"]
    assert set(second["files"]) - set(first["files"]) == {
        f"{entity}_2026-07-{day}.csv" for entity in ("customers", "transactions") for day in (15, 16)
    }
    assert first["rows"] == 60_495


def test_a_day_inside_the_set_and_a_scale_of_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Verdict, match="2026-07-15 or later"):
        generate(tmp_path, through=date(2026, 7, 14))
    with pytest.raises(Verdict, match="from 1 on"):
        generate(tmp_path, scale=0)


def test_the_window_is_181_days_in_7_months_and_parts_add_up() -> None:
    window = list(sales.days(sales.FIRST_DAY, sales.DAYS))
    assert len({day.strftime("%Y-%m") for day in window}) == 7
    counts = sales.share_out(49_600, [sales.day_weight(day) for day in window])
    assert sum(counts) == 49_600
    assert min(counts) > 100


def test_weekends_are_busier_and_the_festival_weeks_busier_still() -> None:
    assert sales.day_weight(date(2026, 5, 16)) > sales.day_weight(date(2026, 5, 12))
    assert sales.day_weight(date(2026, 6, 23)) > 1.5 * sales.day_weight(date(2026, 6, 16))
