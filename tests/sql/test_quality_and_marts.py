"""Scores, verdicts and marts on a small shop."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg2
import pytest
from support.shop import PRODUCTS, SALES, customer, product, sale

from retail import checks, ingest, marts, quality, report
from retail.errors import Verdict

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)


def load(shop) -> psycopg2.extensions.connection:
    conn = shop.connect()
    ingest.load(conn, shop.settings, ingest.validate_source(conn, shop.settings).fresh, "test")
    return conn


def score(conn, threshold: float = 90, as_of: datetime = AS_OF) -> quality.Score:
    quality.begin(conn, "run", as_of)
    for dimension in checks.DIMENSIONS:
        quality.check_dimension(conn, "run", dimension)
    return quality.score(conn, "run", threshold)


def test_a_sound_shop_scores_100(small) -> None:
    found = score(load(small))
    assert (found.score, found.grade, found.rows) == (100.0, "A", 7)
    assert found.worst == []


def test_a_score_under_the_threshold_is_a_verdict_that_tells_what_and_where_and_stays_on_record(small) -> None:
    small.put("products.csv", PRODUCTS + product("P1", category="") + product("P2", category=""))
    conn = load(small)
    with pytest.raises(Verdict) as caught:
        score(conn, threshold=99)
    said = str(caught.value)
    assert "92.86" in said and "threshold of 99" in said
    assert "products_category_missing 2 rows, owner catalogue, such as products.csv line 2" in said
    assert small.query("SELECT score, grade, threshold FROM quality.runs")[0][1] == "B"
    assert small.query("SELECT file_name, line, found FROM quality.samples ORDER BY line") == [
        ("products.csv", 2, "P1"),
        ("products.csv", 3, "P2"),
    ]


def test_the_examples_are_of_the_file_that_has_most_offenders(small) -> None:
    small.put("transactions_2026-03.csv", SALES + sale("A1", city="") + "".join(sale(f"A{n}") for n in range(2, 40)))
    small.put("transactions_2026-04.csv", SALES + "".join(sale(f"B{n}", day="2026-04-02", city="") for n in range(30)))
    score(load(small))
    found = small.query(
        "SELECT file_name, line FROM quality.samples WHERE check_name = 'transactions_city_missing' ORDER BY line"
    )
    assert found == [("transactions_2026-04.csv", line) for line in range(2, 2 + quality.SAMPLES_PER_CHECK)]


def test_a_rerun_replaces_its_results(small) -> None:
    conn = load(small)
    score(conn)
    before = small.query("SELECT count(*) FROM quality.results")
    quality.check_dimension(conn, "run", "validity")
    assert small.query("SELECT count(*) FROM quality.results") == before
    score(conn)
    assert small.query("SELECT count(*) FROM quality.results") == before
    assert small.query("SELECT count(*) FROM quality.runs") == [(1,)]


def test_rows_after_the_window_are_not_scored(small) -> None:
    conn = load(small)
    # T3 is of 5 March; the window ends with 4 March in the shop.
    assert quality.begin(conn, "run", datetime(2026, 3, 4, 18, 30, tzinfo=UTC)) == 6


def test_rows_that_an_earlier_version_copied_with_their_moments_are_scored_alike(small) -> None:
    conn = load(small)
    with conn, conn.cursor() as cur:
        cur.execute("UPDATE raw.transactions SET as_of = ordered_ts WHERE as_of IS NULL")
        assert cur.rowcount == 3
    assert quality.begin(conn, "run", datetime(2026, 3, 4, 18, 30, tzinfo=UTC)) == 6


def test_a_wild_date_is_scored_with_its_files_period(small) -> None:
    small.put(
        "transactions_2026-03.csv", SALES + "".join(sale(f"T{n}") for n in range(40)) + sale("W", day="2099-01-01")
    )
    conn = load(small)
    found = score(conn, as_of=datetime(2026, 4, 1, tzinfo=UTC))
    assert found.rows == 45
    assert small.query(
        "SELECT offenders FROM quality.results WHERE check_name = 'transactions_time_outside_period'"
    ) == [(1,)]


def test_checks_before_any_load_and_without_their_first_task_are_a_clear_verdict(shop) -> None:
    conn = shop.connect()
    with pytest.raises(Verdict, match="weekly_full_pipeline first"):
        quality.begin(conn, "run", AS_OF)
    with pytest.raises(Verdict, match="never opened"):
        quality.check_dimension(conn, "run", "validity")
    with pytest.raises(Verdict, match="no results for completeness, validity, consistency"):
        quality.score(conn, "run", 90)


def test_marts_before_any_load_are_empty_and_agree(shop) -> None:
    conn = shop.connect()
    assert [marts.refresh(conn, mart, "run").rows for mart in marts.MARTS] == [0, 0, 0, 0]
    assert marts.verify(conn, "run").rows == 0
    with pytest.raises(Verdict, match="no sales to report"):
        report.gather(conn, "run", AS_OF)


def test_an_unprepared_warehouse_is_a_clear_verdict(server, shop) -> None:
    bare = server.make_database()
    conn = psycopg2.connect(server.url(bare))
    try:
        with pytest.raises(Verdict, match=r"airfleet up"):
            marts.refresh(conn, "daily_sales", "run")
    finally:
        conn.close()
        server.drop_database(bare)


def test_only_money_that_came_in_counts_and_refunds_are_taken_off(small) -> None:
    rows = [
        sale("A"), sale("B", payment_state="refunded"), sale("C", payment_state="failed"),
        sale("D", payment_state="pending", customer_id="C2"),
    ]  # fmt: skip
    small.put("transactions_2026-03.csv", SALES + "".join(rows))
    conn = load(small)
    marts.refresh_all(conn, "run")
    assert small.query("SELECT orders, gross_cents, refunded_cents, net_cents FROM marts.monthly_sales") == [
        (2, 3800, 1900, 1900)
    ]
    assert small.query("SELECT customer_id FROM marts.customer_summary") == [("C1",)]


@pytest.mark.parametrize("mart", list(marts.MARTS))
def test_a_cent_moved_in_one_mart_is_a_verdict_that_names_it(small, mart: str) -> None:
    conn = load(small)
    marts.refresh_all(conn, "run")
    small.query(f"UPDATE marts.{mart} SET net_cents = net_cents + 1 WHERE ctid = (SELECT min(ctid) FROM marts.{mart})")
    with pytest.raises(Verdict, match=rf"{mart} net_cents: core 5,700, mart 5,701"):
        marts.verify(conn, "run")


def test_two_days_that_err_against_each_other_are_found_by_their_month(small) -> None:
    small.put("transactions_2026-04.csv", SALES + sale("APR", day="2026-04-04"))
    conn = load(small)
    marts.refresh_all(conn, "run")
    small.query("UPDATE marts.daily_sales SET net_cents = net_cents + 5 WHERE day = '2026-03-04'")
    small.query("UPDATE marts.daily_sales SET net_cents = net_cents - 5 WHERE day = '2026-04-04'")
    with pytest.raises(Verdict, match="month 2026-03-01"):
        marts.verify(conn, "run")


def test_readers_see_the_former_mart_until_the_new_one_is_whole(small) -> None:
    conn = load(small)
    marts.refresh(conn, "daily_sales", "run")
    reader = small.connect("warehouse_reader")
    small.put("transactions_2026-04.csv", SALES + sale("APR", day="2026-04-04"))
    load(small)
    builder = small.connect()
    with builder.cursor() as cur, reader.cursor() as seen:
        marts._build(cur, "daily_sales", "run")  # its transaction is still open
        seen.execute("SET lock_timeout = '2s'; SELECT count(*) FROM marts.daily_sales")
        assert seen.fetchone() == (2,)
        builder.commit()
        seen.execute("SELECT count(*) FROM marts.daily_sales")
        assert seen.fetchone() == (3,)


def test_a_customer_who_buys_before_signing_up_and_a_doubled_product_are_found(small) -> None:
    small.put("customers.csv", (small.source / "customers.csv").read_text() + customer("C3", signed_up_on="2026-03-05"))
    small.put("transactions_2026-03.csv", SALES + sale("T1", customer_id="C3"))
    small.put("products.csv", PRODUCTS + "".join(product(f"P{n}") for n in range(1, 80)) + product("P7")
              + product("P8", name="Tee") + product("", name="Nameless") + product("P90", name=""))  # fmt: skip
    score(load(small))
    found = dict(small.query("SELECT check_name, offenders FROM quality.results WHERE offenders > 0"))
    assert found == {
        "transactions_before_signup": 1,
        "products_duplicate_identical": 1,
        "products_duplicate_conflicting": 2,
        "products_id_missing": 1,
        "products_name_missing": 1,
    }
