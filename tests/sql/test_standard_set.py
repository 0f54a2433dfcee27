"""The standard set through the whole of it: exact counts, every planted defect found, the score, the report."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg2
import pytest
from support.postgres import Server

from retail import checks, ingest, marts, notify, quality, report
from retail.generate import generate
from retail.reader import sha256
from retail.settings import Settings
from retail.warehouse import transaction

AS_OF = datetime(2026, 11, 22, tzinfo=UTC)


class Loaded:
    def __init__(self, conn: psycopg2.extensions.connection, settings: Settings, manifest: dict, loaded: ingest.Loaded):
        self.conn, self.settings, self.manifest, self.loaded = conn, settings, manifest, loaded

    def rows(self, text: str) -> list[tuple]:
        with transaction(self.conn) as cur:
            cur.execute(text)
            return cur.fetchall()


@pytest.fixture(scope="module")
def standard(server: Server, prepared: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    settings = Settings(tmp_path_factory.mktemp("standard"))
    manifest = generate(settings.data_dir)
    name = server.make_database(prepared)
    server.execute(name, f"GRANT CREATE, CONNECT, TEMPORARY ON DATABASE {name} TO warehouse_loader")
    conn = psycopg2.connect(server.url(name, "warehouse_loader"))
    found = ingest.validate_source(conn, settings)
    assert found.rows == 60_495
    loaded = ingest.load(conn, settings, found.fresh, "test")
    quality.begin(conn, "run", AS_OF)
    for dimension in checks.DIMENSIONS:
        quality.check_dimension(conn, "run", dimension)
    marts.refresh_all(conn, "test")
    yield Loaded(conn, settings, manifest, loaded)
    conn.close()
    server.drop_database(name)


def test_the_set_is_60495_rows_over_181_days_and_7_months_and_core_keeps_the_contract(standard: Loaded) -> None:
    assert standard.loaded.read == 60_495
    assert standard.rows("SELECT entity, read FROM raw.accounting ORDER BY 1") == [
        ("customers", 10_000),
        ("products", 495),
        ("transactions", 50_000),
    ]
    counted = standard.rows(
        "SELECT count(DISTINCT customer_id), (SELECT count(*) FROM core.products), count(DISTINCT ordered_day), "
        "count(DISTINCT date_trunc('month', ordered_day)) FROM core.sales"
    )
    assert counted == [(8_893, 495, 181, 7)]
    assert [standard.rows(f"SELECT count(*) FROM marts.{mart}")[0][0] for mart in marts.MARTS] == [8_893, 495, 181, 7]


def test_the_set_looks_like_a_shop(standard: Loaded) -> None:
    shares = standard.rows(
        "WITH ranked AS (SELECT net_cents, ntile(10) OVER (ORDER BY net_cents DESC) AS tenth "
        "FROM marts.customer_summary) "
        "SELECT sum(net_cents) FILTER (WHERE tenth = 1) / sum(net_cents), "
        "sum(net_cents) FILTER (WHERE tenth > 5) / sum(net_cents) FROM ranked"
    )[0]
    # A tenth of the customers bring far more than a tenth, the lesser half far less than half.
    assert shares[0] > 0.3
    assert shares[1] < 0.2
    states = dict(
        standard.rows("SELECT payment_state, count(*)::float / sum(count(*)) OVER () FROM core.transactions GROUP BY 1")
    )
    assert {"paid", "refunded", "failed"} <= set(states)
    assert states["paid"] > 0.8
    assert 0.01 < states["refunded"] < 0.1
    cities = [count for (count,) in standard.rows("SELECT count(*) FROM core.customers GROUP BY city ORDER BY 1 DESC")]
    assert len(cities) >= 10
    assert cities[0] > 2 * cities[-1]
    assert standard.rows("SELECT count(DISTINCT category) FROM core.products")[0][0] >= 8
    weekend, weekday = standard.rows(
        "SELECT avg(orders) FILTER (WHERE extract(isodow FROM day) > 5), "
        "avg(orders) FILTER (WHERE extract(isodow FROM day) <= 5) FROM marts.daily_sales"
    )[0]
    assert float(weekend) > 1.1 * float(weekday)


def test_rows_seconds_and_load_of_each_build_are_kept(standard: Loaded) -> None:
    kept = standard.rows(
        "SELECT mart, row_count, seconds > 0, load_version, run_id FROM marts.builds ORDER BY build_id"
    )
    counts = {"customer_summary": 8_893, "product_summary": 495, "daily_sales": 181, "monthly_sales": 7}
    assert kept == [(mart, rows, True, standard.loaded.version, "test") for mart, rows in counts.items()]


@pytest.mark.parametrize("check", [check.name for check in checks.all_checks()])
def test_a_check_finds_exactly_the_rows_planted_for_it(standard: Loaded, check: str) -> None:
    planted = {(d["file"], d["line"]) for d in standard.manifest["defects"] if d["check"] == check}
    rule = next(rule for rule in checks.all_checks() if rule.name == check)
    with transaction(standard.conn) as cur:
        quality._scope(cur, AS_OF)
        cur.execute(f"SELECT f.name, o.line FROM ({rule.sql}) AS o JOIN raw.files AS f USING (file_id)")
        found = cur.fetchall()
    assert len(found) == len(set(found))
    assert set(found) == planted


def test_every_row_is_quarantined_for_what_was_planted_and_for_nothing_else(standard: Loaded) -> None:
    severe = {check.name for check in checks.all_checks() if check.severity == "error"}
    planted = defaultdict(set)
    for defect in standard.manifest["defects"]:
        if defect["check"] in severe:
            planted[defect["file"], defect["line"]].add(defect["check"])
    held = standard.rows(
        "SELECT f.name, q.line, q.checks FROM quarantine.rows AS q JOIN raw.files AS f USING (file_id)"
    )
    assert {(name, line): set(names) for name, line, names in held} == dict(planted)


def test_most_kinds_of_defect_are_planted_in_the_standard_set(standard: Loaded) -> None:
    kinds = Counter(defect["check"] for defect in standard.manifest["defects"])
    never = {check.name for check in checks.all_checks()} - set(kinds)
    # Products all stay in core (495), and nobody buys before signing up: these have tests of their own.
    assert never == {
        "products_id_missing", "products_name_missing", "products_price_out_of_range", "products_row_malformed",
        "products_duplicate_identical", "products_duplicate_conflicting", "customers_row_malformed",
        "transactions_total_missing", "transactions_before_signup",
    }  # fmt: skip


def test_the_score_is_95_something_and_grade_a(standard: Loaded) -> None:
    found = quality.score(standard.conn, "run", 90)
    assert 95 <= found.score < 96
    assert found.grade == "A"
    assert found.rows == 60_495


def test_the_report_is_one_page_without_outside_references_and_tells_the_week(standard: Loaded, tmp_path: Path) -> None:
    quality.score(standard.conn, "run", 90)
    facts = report.gather(standard.conn, "run", AS_OF)
    page = report.write(tmp_path, facts).read_text(encoding="utf-8")
    assert "<script" not in page
    assert page.replace("http://www.w3.org/", "").count("http") == 0
    assert " src=" not in page and "@import" not in page
    assert page.count("<svg") == 5
    assert (facts.week.last - facts.week.first).days == 6
    net = standard.rows("SELECT sum(net_cents) FROM marts.daily_sales WHERE day BETWEEN '2026-07-08' AND '2026-07-14'")
    assert facts.week.net_cents == net[0][0]
    assert facts.before is not None
    subject, html = notify.completion(facts, "x.html")
    assert "quality 95." in subject and "\n" not in subject
    assert "x.html" in html


def test_text_from_a_cell_is_escaped_in_the_report(standard: Loaded) -> None:
    with transaction(standard.conn) as cur:
        cur.execute("UPDATE marts.product_summary SET name = '<script>alert(1)</script>' WHERE net_cents = "
                    "(SELECT max(net_cents) FROM marts.product_summary)")  # fmt: skip
    page = report.render(report.gather(standard.conn, "run", AS_OF))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    marts.refresh(standard.conn, "product_summary", "test")


def test_the_manifest_describes_the_files_on_disk(standard: Loaded) -> None:
    stored = json.loads((standard.settings.data_dir / "manifest.json").read_text())
    assert stored["rows"] == 60_495
    for name, facts in stored["files"].items():
        assert sha256(standard.settings.source_dir / name) == facts["sha256"]
