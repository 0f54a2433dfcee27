"""New, late and corrected files, reruns, overlaps and replays: always the same rows, always in balance."""

from __future__ import annotations

import csv
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import psycopg2
import pytest
from support.checkout import wait_until
from support.shop import CUSTOMERS, PRODUCTS, SALES, customer, product, sale

from retail import ingest, marts, quarantine, source, warehouse
from retail.entities import ENTITIES
from retail.errors import SourceFault, Verdict
from retail.settings import Settings

MARCH = "transactions_2026-03.csv"
GOOD = "".join(sale(f"G{number}") for number in range(60))
FATES = """SELECT 'core', transaction_id, customer_id, total_cents::text FROM core.transactions
UNION ALL SELECT 'customer', customer_id, full_name, city FROM core.customers
UNION ALL SELECT 'product', product_id, name, list_price_cents::text FROM core.products
UNION ALL SELECT 'held', f.name, q.line::text, q.checks::text FROM quarantine.rows q JOIN raw.files f USING (file_id)
UNION ALL SELECT 'repeat', f.name, s.line::text, '' FROM raw.identical_skipped s JOIN raw.files f USING (file_id)
ORDER BY 1, 2, 3, 4"""


def load(shop, window=None) -> ingest.Loaded:
    conn = shop.connect()
    found = ingest.validate_source(conn, shop.settings, window)
    return ingest.load(conn, shop.settings, found.fresh, "test")


def may_connect(shop) -> bool:
    try:
        return answers(shop.connect())
    except psycopg2.OperationalError:
        return False


def answers(conn) -> bool:
    try:
        with conn.cursor() as cur:
            cur.execute("SELECT")
        return True
    except psycopg2.OperationalError:
        return False


def test_a_second_load_changes_nothing(small) -> None:
    load(small)
    before = small.query(FATES), small.query("SELECT * FROM raw.loads"), small.query("SELECT * FROM raw.files")
    again = load(small)
    assert again.new_rows == 0
    assert again.read == 7
    assert (
        small.query(FATES),
        small.query("SELECT * FROM raw.loads"),
        small.query("SELECT * FROM raw.files"),
    ) == before


def keys(shop) -> list[tuple]:
    """Which of raw's tables of rows have the key that the schema gives them."""
    return shop.query(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'p' "
        "AND conrelid IN ('raw.customers'::regclass, 'raw.products'::regclass, 'raw.transactions'::regclass) ORDER BY 1"
    )


def test_the_keys_of_raw_are_there_after_a_first_load_a_refused_one_and_a_second(small) -> None:
    schema = keys(small)
    assert len(schema) == 3
    small.put(MARCH, SALES + sale("T1", quantity="0"))
    with pytest.raises(Verdict, match="Too many bad rows"):
        load(small)
    assert keys(small) == schema
    small.put(MARCH, SALES + GOOD)
    load(small)
    assert keys(small) == schema
    small.put("transactions_2026-04-01.csv", SALES + sale("A1", day="2026-04-01"))
    load(small)
    assert keys(small) == schema


def test_a_first_loads_rows_are_written_frozen_and_no_vacuum_has_to_write_them_again(small) -> None:
    may = "GRANT EXECUTE ON FUNCTION pg_visibility_map_summary(regclass) TO PUBLIC"
    small.server.execute(small.database, f"CREATE EXTENSION pg_visibility; {may}")
    pages = (
        "SELECT (SELECT all_frozen FROM pg_visibility_map_summary('raw.transactions')), "
        "(SELECT count(DISTINCT (ctid::text::point)[0]) FROM raw.transactions)"
    )
    small.put(MARCH, SALES + GOOD * 100)
    load(small)
    [(frozen, filled)] = small.query(pages)
    assert frozen == filled > 1
    small.put("transactions_2026-04-01.csv", SALES + sale("A1", day="2026-04-01") * 1000)
    load(small)
    [(still_frozen, now)] = small.query(pages)
    assert still_frozen < now


def test_a_first_loads_rows_are_not_logged_and_outlive_postgres_crash_all_the_same(small) -> None:
    small.put(MARCH, SALES + "".join(sale(f"T{n}") for n in range(5000)))
    found = ingest.validate_source(small.connect(), small.settings)
    conn = small.connect()
    with conn.cursor() as cur:
        # Not logged however small, and durable as in production, which these tests' server is not.
        cur.execute("SET wal_skip_threshold = 0; SET synchronous_commit = on; SELECT pg_current_wal_insert_lsn()")
        before = cur.fetchone()
        warehouse.run(cur, "ingest/begin_load")
        files = [(file, found.fresh[file.name]) for file in source.list_files(small.source)]
        ingest.copy_files(cur, small.settings, files, "test")
        conn.commit()
        logged = "pg_wal_lsn_diff(pg_current_wal_insert_lsn(), %s)"
        cur.execute(f"SELECT {logged} < pg_table_size('raw.transactions') / 2", before)
        assert cur.fetchone() == (True,)
    other = small.connect()
    # A killed session makes Postgres end all others, and recover from its log.
    os.kill(conn.info.backend_pid, signal.SIGKILL)
    wait_until("the others are ended", lambda: not answers(other))
    count = "SELECT count(*) FROM raw.transactions WHERE line > 1"
    wait_until("Postgres has recovered", lambda: may_connect(small))
    assert small.query(count) == [(5000,)]
    assert small.query(f"SET enable_seqscan = off; {count}") == [(5000,)]


def test_a_row_that_somebody_writes_past_the_lock_of_loads_refuses_the_load_and_is_not_lost(small) -> None:
    other = small.connect()
    with other.cursor() as cur:
        cur.execute("INSERT INTO raw.customers (file_id, line, as_of) VALUES (99, 2, now())")
    found = ingest.validate_source(small.connect(), small.settings)
    with ThreadPoolExecutor(1) as elsewhere:
        loading = elsewhere.submit(ingest.load, small.connect(), small.settings, found.fresh, "test")
        waits = "SELECT pid FROM pg_locks WHERE relation = 'raw.customers'::regclass AND NOT granted"
        try:
            wait_until("the load waits for the other's row", lambda: small.query(waits))
        finally:
            other.commit()
        with pytest.raises(AssertionError, match="does not hold"):
            loading.result()
    assert small.query("SELECT file_id FROM raw.customers WHERE file_id = 99") == [(99,)]


def test_a_late_file_is_picked_up_once(small) -> None:
    load(small)
    small.put("transactions_2026-02.csv", SALES + sale("LATE", day="2026-02-10"))
    assert load(small).files == ["transactions_2026-02.csv"]
    assert load(small).files == []
    assert small.query("SELECT count(*) FROM core.transactions WHERE transaction_id = 'LATE'") == [(1,)]


def test_a_corrected_file_replaces_its_rows_and_keeps_what_it_replaced(small) -> None:
    small.put(MARCH, SALES + GOOD + sale("OLD") + sale("BAD", quantity="0"))
    load(small)
    small.put(MARCH, SALES + GOOD + sale("NEW") + sale("BAD", quantity="2"))
    loaded = load(small)
    assert loaded.quarantined == 0
    ids = {row[0] for row in small.query("SELECT transaction_id FROM core.transactions")}
    assert ids == {f"G{n}" for n in range(60)} | {"NEW", "BAD"}
    assert small.query("SELECT count(*) FROM raw.retired_rows WHERE row_read ->> 'transaction_id' = 'OLD'") == [(1,)]
    assert small.query("SELECT count(*) FROM raw.files WHERE retired_by IS NOT NULL") == [(1,)]


def test_a_customer_that_comes_late_frees_its_sales_and_one_that_goes_takes_them(small) -> None:
    small.put(MARCH, SALES + GOOD + sale("WAIT", customer_id="C9"))
    load(small)
    assert small.query("SELECT checks FROM quarantine.rows") == [(["transactions_customer_unknown"],)]
    small.put("customers_2026-03-04.csv", CUSTOMERS + customer("C9"))
    assert load(small).quarantined == 0
    small.put("customers_2026-03-04.csv", CUSTOMERS + customer("C10"))
    assert load(small).quarantined == 1
    assert small.query("SELECT count(*) FROM core.customers WHERE customer_id = 'C9'") == [(0,)]


def test_a_product_that_is_corrected_frees_its_sales(small) -> None:
    small.put("products.csv", PRODUCTS + "".join(product(f"P{n}") for n in range(2, 40)))
    small.put(MARCH, SALES + GOOD.replace("P1", "P2") + sale("WAIT", product_id="P1"))
    assert load(small).quarantined == 1
    small.put("products.csv", PRODUCTS + "".join(product(f"P{n}") for n in range(1, 40)))
    assert load(small).quarantined == 0


def test_a_conflict_with_a_later_file_takes_the_earlier_row_out_of_core(small) -> None:
    small.put(MARCH, SALES + GOOD)
    load(small)
    other = "".join(sale(f"N{n}", day="2026-03-09") for n in range(60))
    small.put("transactions_2026-03-09.csv", SALES + other + sale("G0", day="2026-03-09"))
    loaded = load(small)
    assert loaded.quarantined == 2
    assert small.query("SELECT count(*) FROM core.transactions WHERE transaction_id = 'G0'") == [(0,)]


def test_files_in_any_order_end_in_the_same_rows(small, server, prepared, tmp_path: Path) -> None:
    files = {
        MARCH: SALES + GOOD + sale("D1") + sale("X"),
        "transactions_2026-03-04.csv": SALES + "".join(sale(f"N{n}") for n in range(60)) + sale("D1"),
        "transactions_2026-03-04_2.csv": SALES + "".join(sale(f"M{n}") for n in range(60)) + sale("X", city="Delhi"),
    }
    for name, text in files.items():
        small.put(name, text)
    load(small)
    together = small.query("SELECT transaction_id, city FROM core.transactions ORDER BY 1")
    name = server.make_database(prepared)
    try:
        other = type(small)(server, name, Settings(tmp_path / "other"), [])
        for at in ("customers.csv", "products.csv"):
            other.put(at, (small.source / at).read_bytes())
        for at in reversed(files):
            other.put(at, files[at])
            load(other)
        assert other.query("SELECT transaction_id, city FROM core.transactions ORDER BY 1") == together
        for conn in other._open:
            conn.close()
    finally:
        server.drop_database(name)


def test_the_daily_window_takes_its_own_days_files_only_and_the_week_takes_the_rest(small) -> None:
    load(small)
    for day in ("2026-08-01", "2026-08-02", "2026-08-03"):
        small.put(f"transactions_{day}.csv", SALES + sale(f"T{day}", day=day))
    # The run of 2 August 02:00 Indian time: [1 August 02:00, 2 August 02:00) there.
    window = (datetime(2026, 7, 31, 20, 30, tzinfo=UTC), datetime(2026, 8, 1, 20, 30, tzinfo=UTC))
    assert load(small, window).files == ["transactions_2026-08-02.csv"]
    assert load(small, window).files == []
    assert load(small).files == ["transactions_2026-08-01.csv", "transactions_2026-08-03.csv"]


def test_two_loads_at_once_give_the_rows_of_one(small) -> None:
    small.put(MARCH, SALES + GOOD)
    first, second = small.connect(), small.connect()
    fresh = ingest.validate_source(first, small.settings).fresh
    assert ingest.validate_source(second, small.settings).fresh == fresh
    done: list[ingest.Loaded] = []
    together = threading.Barrier(2)

    def work(conn) -> None:
        together.wait(20)
        done.append(ingest.load(conn, small.settings, fresh, "test"))

    threads = [threading.Thread(target=work, args=(conn,)) for conn in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(loaded.new_rows for loaded in done) == [0, 64]
    assert {loaded.read for loaded in done} == {64}
    assert small.query("SELECT count(*) FROM raw.files") == [(3,)]


def test_a_quarantined_row_can_be_corrected_and_replayed(small, tmp_path: Path) -> None:
    small.put(MARCH, SALES + GOOD + sale("FIX", quantity="0") + sale("STAY", quantity="0") + "TORN,C1\n")
    load(small)
    out, conn = tmp_path / "held.csv", small.connect()
    assert quarantine.export(conn, ENTITIES["transactions"], out) == 3
    rows = list(csv.DictReader(out.open(newline="")))
    assert rows[0]["file"] == MARCH
    assert rows[0]["columns"] == "quantity"
    rows[0]["quantity"] = "2"
    for name, value in zip(SALES.strip().split(","), sale("TORN").strip().split(","), strict=True):
        rows[2][name] = value
    with out.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    done = quarantine.replay(conn, ENTITIES["transactions"], out, "asha")
    assert (done.rows, done.held) == (3, 1)
    assert small.query("SELECT transaction_id FROM core.transactions WHERE transaction_id !~ '^G' ORDER BY 1") == [
        ("FIX",),
        ("TORN",),
    ]
    kept = small.query("SELECT row_before ->> 'quantity', row_after ->> 'quantity', corrected_by FROM "
                       "quarantine.corrections ORDER BY line LIMIT 1")  # fmt: skip
    assert kept == [("0", "2", "asha")]
    assert small.query("SELECT sum(missing) FROM raw.accounting") == [(0,)]
    with pytest.raises(SourceFault, match="line 2"):
        quarantine.replay(conn, ENTITIES["transactions"], out, "asha")


def test_a_mart_that_shows_an_older_load_is_rebuilt_before_totals_are_compared(small) -> None:
    load(small)
    conn = small.connect()
    for mart in marts.MARTS:
        marts.refresh(conn, mart, "run")
    small.put("transactions_2026-04.csv", SALES + sale("APR", day="2026-04-04"))
    load(small)
    marts.refresh(conn, "daily_sales", "run")
    found = marts.verify(conn, "run")
    assert found.rebuilt == ["customer_summary", "product_summary", "monthly_sales"]
    assert found.net_cents == 4 * 1900
    assert marts.verify(conn, "run").rebuilt == []
