"""Bad input, one by one: what is refused whole, what goes to quarantine, and that nothing is half-done."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest
from support.shop import CUSTOMERS, PRODUCTS, SALES, customer, product, sale, write_shop

from retail import ingest, marts
from retail.errors import SourceFault, Verdict

NAME = "transactions_2026-03.csv"
GOOD = "".join(sale(f"G{number}") for number in range(60))


def load(shop, conn=None) -> ingest.Loaded:
    conn = conn or shop.connect()
    found = ingest.validate_source(conn, shop.settings)
    return ingest.load(conn, shop.settings, found.fresh, "test")


def refused(shop, *words: str) -> None:
    """Loading is refused with a sentence that holds *words*, and the warehouse stays as it was."""
    before = shop.query("SELECT * FROM raw.accounting ORDER BY 1")
    with pytest.raises(Verdict) as caught:
        load(shop)
    for word in words:
        assert word in str(caught.value)
    assert shop.query("SELECT * FROM raw.accounting ORDER BY 1") == before
    assert shop.query("SELECT count(*) FROM raw.files") == [(0,)]


WHOLE_FILES = {
    "empty": (b"", ["is empty"]),
    "a header and no rows": (SALES.encode(), ["no rows"]),
    "cut short in a row": ((SALES + sale("T1") + "T2,C1").encode(), ["line 3", "cut short"]),
    "cut short in the last cell": ((SALES + sale("T1")).encode()[:-3], ["cut short"]),
    "not UTF-8": ((SALES + sale("T1", city="Köln")).encode("latin-1"), ["0xf6", "UTF-8"]),
    "UTF-16": ((SALES + sale("T1")).encode("utf-16"), ["UTF-8"]),
    "NUL bytes": ((SALES + sale("T1", city="Pu\0ne")).encode(), ["line 2", "NUL"]),
    "parted by semicolons": ((SALES + sale("T1")).replace(",", ";").encode(), ["semicolons"]),
    "parted by tabs": ((SALES + sale("T1")).replace(",", "\t").encode(), ["tabs"]),
    "a doubled column": ((SALES.replace("city", "channel") + sale("T1")).encode(), ["doubled: channel"]),
    "an extra column in the middle": (
        (SALES.replace("quantity,", "quantity,colour,") + sale("T1", quantity="2,red")).encode(),
        ["extra: colour"],
    ),
    "a missing column": ((SALES.replace(",city", "") + sale("T1").replace(",Pune", "")).encode(), ["missing: city"]),
    "a renamed column": ((SALES.replace("total", "amount") + sale("T1")).encode(), ["renamed: total is now amount"]),
    "a mistyped column": (
        (SALES + "".join(sale(f"T{n}", quantity="two") for n in range(9))).encode(),
        ["quantity (9 of its first 9", "whole numbers"],
    ),
    "an unclosed quote": ((SALES + sale("T1", city='"Pune') + GOOD * 400).encode(), ["quote"]),
}


@pytest.mark.parametrize("kind", WHOLE_FILES)
def test_a_file_that_cannot_be_taken_is_refused_whole(shop, kind: str) -> None:
    content, words = WHOLE_FILES[kind]
    write_shop(shop.source)
    shop.put(NAME, content)
    refused(shop, NAME, *words)


def test_the_troubles_of_all_files_are_told_at_once(small) -> None:
    small.put("customers.csv", "")
    small.put(NAME, b"\xff\xfe")
    refused(small, "customers.csv", NAME, "2 source file(s)")


def test_a_missing_folder_a_missing_file_and_a_strange_name_are_told(shop) -> None:
    refused(shop, "source folder does not exist", "retail generate")
    write_shop(shop.source)
    (shop.source / "products.csv").unlink()
    refused(shop, "no file of products")
    shop.put("sales_march.csv", "x")
    refused(shop, "sales_march.csv", "ENTITY_YYYY-MM-DD.csv")


def test_a_line_of_300_megabytes_is_refused_with_little_memory(small) -> None:
    path = small.source / NAME
    with path.open("wb") as file:
        file.write(SALES.encode())
        file.truncate(300 << 20)  # a hole: no disk is used, and it reads as one endless line
    before = _peak_kib()
    refused(small, NAME, "line 2", "longer than")
    assert _peak_kib() - before < 64 << 10


def _peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


SAME_AS_SOUND = {
    "a byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "another order of columns": lambda text: (
        "\n".join(",".join(reversed(line.split(","))) for line in text.splitlines()).encode() + b"\n"
    ),
    "blank lines": lambda text: text.replace("\n", "\n\n").encode(),
}


@pytest.mark.parametrize("kind", SAME_AS_SOUND)
def test_an_odd_but_honest_file_loads_like_a_plain_one(small, kind: str) -> None:
    small.put(NAME, SAME_AS_SOUND[kind](SALES + sale("T1") + sale("T2")))
    assert load(small).quarantined == 0
    assert small.query("SELECT transaction_id, total_cents FROM core.transactions ORDER BY 1") == [
        ("T1", 1900),
        ("T2", 1900),
    ]


def test_quoted_newlines_and_commas_are_part_of_a_cell_and_lines_stay_right(small) -> None:
    small.put("products.csv", PRODUCTS + product("P1", name='"Tea,\nloose ""250 g"""') + product("P2", list_price="-1")
              + "".join(product(f"Q{n}") for n in range(30)))  # fmt: skip
    load(small)
    assert small.query("SELECT name FROM core.products WHERE product_id = 'P1'") == [('Tea,\nloose "250 g"',)]
    # The record starts on line 4, since the one before takes two lines.
    assert small.query("SELECT line, columns FROM quarantine.rows WHERE entity = 'products'") == [(4, ["list_price"])]


BAD_ROWS = {
    "a negative price": (sale("B", unit_price="-10.00"), "transactions_price_out_of_range"),
    "NaN": (sale("B", unit_price="NaN"), "transactions_price_out_of_range"),
    "infinity": (sale("B", unit_price="inf"), "transactions_price_out_of_range"),
    "overflow": (sale("B", unit_price="9" * 40), "transactions_price_out_of_range"),
    "an overflowing quantity": (sale("B", quantity="9" * 30), "transactions_quantity_out_of_range"),
    "an impossible date": (sale("B", ordered_at="2026-02-30T10:00:00+05:30"), "transactions_time_impossible"),
    "a date without its offset": (sale("B", ordered_at="2026-03-04T10:00:00"), "transactions_time_impossible"),
    "an offset that no place has": (sale("B", ordered_at="2026-03-04T10:00:00+20:00"), "transactions_time_impossible"),
    "a date outside the window": (sale("B", day="2027-03-04"), "transactions_time_outside_period"),
    "the last moment of the month before": (
        sale("B", ordered_at="2026-02-28T23:59:59+05:30"),
        "transactions_time_outside_period",
    ),
    "no total": (sale("B", total=""), "transactions_total_missing"),
    "an orphan customer": (sale("B", customer_id="C404"), "transactions_customer_unknown"),
    "an orphan product": (sale("B", product_id="P404"), "transactions_product_unknown"),
    "too few cells": ("B,C1\n", "transactions_row_malformed"),
    "too many cells": (sale("B", city="Pune,411001"), "transactions_row_malformed"),
    "digits of another script": (sale("B", quantity="٢"), "transactions_quantity_out_of_range"),
    "a discount above the goods": (sale("B", discount="21.00"), "transactions_discount_out_of_range"),
}


@pytest.mark.parametrize("kind", BAD_ROWS)
def test_a_bad_row_goes_to_quarantine_and_the_rest_is_loaded(small, kind: str) -> None:
    row, check = BAD_ROWS[kind]
    small.put(NAME, SALES + GOOD + row)
    loaded = load(small)
    assert (loaded.read, loaded.core, loaded.quarantined) == (65, 64, 1)
    held = small.query(
        "SELECT f.name, q.line, q.checks, q.reasons <> '{}' FROM quarantine.rows AS q JOIN raw.files AS f USING (file_id)"  # noqa: E501
    )
    assert held == [(NAME, 62, [check], True)]


def test_the_first_and_last_moments_of_a_month_are_inside_it(small) -> None:
    edges = [sale("E1", ordered_at="2026-03-01T00:00:00+05:30"), sale("E2", ordered_at="2026-03-31T18:29:59Z")]
    small.put(NAME, SALES + "".join(edges))
    assert load(small).quarantined == 0
    assert small.query("SELECT ordered_day::text FROM core.transactions ORDER BY 1") == [
        ("2026-03-01",),
        ("2026-03-31",),
    ]


def test_identical_rows_are_kept_once_and_conflicting_ones_not_at_all(small) -> None:
    small.put(NAME, SALES + GOOD + sale("D") * 3 + sale("X") + sale("X", city="Delhi") + sale("X"))
    loaded = load(small)
    assert (loaded.core, loaded.quarantined, loaded.identical_skipped) == (65, 3, 2)
    assert small.query("SELECT count(*) FROM core.transactions WHERE transaction_id = 'D'") == [(1,)]
    assert small.query("SELECT DISTINCT checks FROM quarantine.rows") == [(["transactions_duplicate_conflicting"],)]


def test_a_carriage_return_in_a_cell_is_part_of_it(small) -> None:
    small.put(NAME, SALES + sale("T1", city='"Pu\rne"') + sale("T2", city='"Pu\r\nne"'))
    load(small)
    assert small.query("SELECT city FROM core.transactions ORDER BY transaction_id") == [("Pu\rne",), ("Pu\r\nne",)]


def test_formulas_and_sql_in_a_cell_are_stored_literally(small) -> None:
    text = "=cmd(); DROP TABLE core.customers; --\\N \\. %s {0}"
    small.put("customers.csv", CUSTOMERS + customer("C1", full_name=f'"{text}"') + customer("C2"))
    load(small)
    assert small.query("SELECT full_name FROM core.customers WHERE customer_id = 'C1'") == [(text,)]


def test_a_refused_customer_makes_orphans_of_its_sales(small) -> None:
    small.put("customers.csv", CUSTOMERS + customer("C1") + customer("C2", signed_up_on="2025-02-30")
              + "".join(customer(f"K{n}") for n in range(30)))  # fmt: skip
    small.put(NAME, SALES + GOOD + sale("T2", customer_id="C2"))
    load(small)
    assert small.query("SELECT entity, checks FROM quarantine.rows ORDER BY 1") == [
        ("customers", ["customers_signup_impossible"]),
        ("transactions", ["transactions_customer_unknown"]),
    ]


def test_past_the_set_share_of_bad_rows_nothing_is_committed(small) -> None:
    small.put(
        NAME, SALES + GOOD + sale("B1", quantity="0") * 1 + "".join(sale(f"N{n}", quantity="0") for n in range(4))
    )
    refused(small, NAME, "5 of 65 rows", "line 62", "RETAIL_MAX_BAD_PERCENT")


def test_a_file_that_changes_between_validation_and_load_is_refused(small) -> None:
    conn = small.connect()
    found = ingest.validate_source(conn, small.settings)
    small.put(NAME, SALES + sale("OTHER"))
    with pytest.raises(SourceFault, match=r"changed after it was validated"):
        ingest.load(conn, small.settings, found.fresh, "test")
    assert small.query("SELECT count(*) FROM raw.files") == [(0,)]


def test_a_file_that_changes_while_it_is_read_is_refused(small, monkeypatch: pytest.MonkeyPatch) -> None:
    conn = small.connect()
    found = ingest.validate_source(conn, small.settings)
    real, path = ingest.copy_file, small.source / NAME

    def copy_while_it_grows(cur, at: Path, *rest, **options):
        if at == path:
            with path.open("ab") as file:
                file.write(sale("LATE").encode())
        return real(cur, at, *rest, **options)

    monkeypatch.setattr(ingest, "copy_file", copy_while_it_grows)
    with pytest.raises(SourceFault, match=r"changed after it was validated"):
        ingest.load(conn, small.settings, found.fresh, "test")
    assert small.query("SELECT count(*) FROM raw.files") == [(0,)]


def test_a_file_removed_between_validation_and_load_is_told(small) -> None:
    conn = small.connect()
    found = ingest.validate_source(conn, small.settings)
    os.unlink(small.source / NAME)  # noqa: PTH108
    with pytest.raises(SourceFault, match=r"is not there any more.*first task"):
        ingest.load(conn, small.settings, found.fresh, "test")
    assert small.query("SELECT count(*) FROM raw.files") == [(0,)]


def test_two_files_for_one_day_are_both_loaded_and_their_repeats_kept_once(small) -> None:
    small.put("transactions_2026-04-01.csv", SALES + sale("D1", day="2026-04-01") + sale("D2", day="2026-04-01"))
    small.put("transactions_2026-04-01_2.csv", SALES + sale("D2", day="2026-04-01") + sale("D3", day="2026-04-01"))
    loaded = load(small)
    assert (loaded.identical_skipped, loaded.quarantined) == (1, 0)
    marts.refresh(small.connect(), "daily_sales", "test")
    assert small.query("SELECT orders FROM marts.daily_sales WHERE day = '2026-04-01'") == [(3,)]
