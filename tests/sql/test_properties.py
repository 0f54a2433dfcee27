"""For any rows: the books balance, the marts agree with core, a second load changes nothing."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta, timezone
from pathlib import Path

import psycopg2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.shop import CUSTOMERS, PRODUCTS, SALES, TABLES, customer, product

from retail import ingest, marts, parse
from retail.periods import read_name
from retail.reader import sha256
from retail.settings import Settings

# Few ids, so that rows meet: repeats, contradictions, orphans.
IDS = st.sampled_from(["T1", "T2", "T3", "T4", ""])
PARENTS = st.sampled_from(["1", "2", "9", ""])
ANY = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
PRICES = st.one_of(st.sampled_from(["10.00", "10", "0", "-1.00", "NaN", "1e3", "9" * 25, ""]), ANY)
MOMENTS = st.sampled_from(
    ["2026-03-04T12:00:00+05:30", "2026-03-31T18:29:59Z", "2026-02-30T00:00:00Z", "1999-01-01T00:00:00Z", ""]
)


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)),
    st.integers(-899, 899).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    st.sampled_from("T "),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_postgres_reads_a_moment_as_python_does(small, naive: datetime, offset: timezone, between: str) -> None:
    # The load hands a moment on as it is written.
    text = naive.replace(tzinfo=offset).isoformat(between)
    moment = parse.moment(text)
    assert moment is not None
    assert small.query(f"SELECT '{text}'::timestamptz")[0] == (moment,)


@st.composite
def sales(draw: st.DrawFn) -> list[str]:
    price, quantity = draw(PRICES), draw(st.sampled_from(["1", "2", "0", "x", "1000"]))
    total = draw(st.sampled_from(["10.00", "20.00", "19.99", ""]))
    row = [
        draw(IDS), "C" + draw(PARENTS), "P" + draw(PARENTS), draw(MOMENTS), quantity, price, draw(PRICES), total, "upi",
        draw(st.sampled_from(["paid", "refunded", "failed", "lost", ""])), draw(ANY), draw(ANY),
    ]  # fmt: skip
    return row[: draw(st.sampled_from([12, 12, 12, 12, 12, 3]))] + draw(st.sampled_from([[], [], [], ["more"]]))


def as_csv(header: str, rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return (header + out.getvalue()).encode()


@given(
    batches=st.lists(st.lists(sales(), min_size=1, max_size=12), min_size=1, max_size=3),
    people=st.lists(st.sampled_from(["C1", "C2", "C9", ""]), min_size=1, max_size=4),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_has_one_fate_and_marts_agree(shop, tmp_path_factory, batches, people) -> None:
    conn = psycopg2.connect(shop.server.url(shop.database, "warehouse_loader"))
    try:
        with conn, conn.cursor() as cur:
            cur.execute(f"TRUNCATE {TABLES} CASCADE")
        settings_ = Settings(tmp_path_factory.mktemp("any"), max_bad_share=1.0)
        folder: Path = settings_.source_dir
        folder.mkdir()
        (folder / "customers.csv").write_text(CUSTOMERS + "".join(customer(number) for number in people))
        (folder / "products.csv").write_text(PRODUCTS + product("P1") + product("P2"))
        read, contents = len(people) + 2, set()
        for place, rows in enumerate(batches, 1):
            content = as_csv(SALES, rows)
            # The same content under another name is the same file: it is not read twice.
            read += len(rows) if content not in contents else 0
            contents.add(content)
            (folder / f"transactions_2026-03_{place}.csv").write_bytes(content)
            loaded = load_all(conn, settings_)
            # load() itself raises when an entity's books do not balance; here also against what was written.
            assert loaded.read == read == loaded.core + loaded.quarantined + loaded.identical_skipped
        state = fates(conn)
        assert load_all(conn, settings_).new_rows == 0
        assert fates(conn) == state
        for mart in marts.MARTS:
            marts.refresh(conn, mart, "any")
        found = marts.verify(conn, "any")
        assert found.rebuilt == []
        with conn, conn.cursor() as cur:
            cur.execute("SELECT coalesce(sum(total_cents - refunded_cents), 0) FROM core.sales")
            assert cur.fetchone() == (found.net_cents,)
            # No two fates for a row, and core holds nothing that a check refuses.
            cur.execute("SELECT count(*) FROM quarantine.rows JOIN raw.identical_skipped USING (entity, file_id, line)")
            assert cur.fetchone() == (0,)
    finally:
        conn.close()


def load_all(conn: psycopg2.extensions.connection, settings_: Settings) -> ingest.Loaded:
    return ingest.load(conn, settings_, validated(conn, settings_), "any")


def validated(conn: psycopg2.extensions.connection, settings_: Settings) -> dict[str, str]:
    """What is fresh, without the look for mistyped columns: these files are meant to be bad."""
    names = [path.name for path in sorted(settings_.source_dir.iterdir()) if read_name(path.name)]
    return {name: sha256(settings_.source_dir / name) for name in names}


def fates(conn: psycopg2.extensions.connection) -> list[tuple]:
    with conn, conn.cursor() as cur:
        cur.execute(
            "SELECT 'core', file_id, line FROM core.transactions UNION ALL SELECT 'held', file_id, line FROM "
            "quarantine.rows UNION ALL SELECT 'repeat', file_id, line FROM raw.identical_skipped ORDER BY 1, 2, 3"
        )
        return cur.fetchall()
