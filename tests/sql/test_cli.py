"""The shop's commands as a person types them: what they print, what they change, and how they refuse."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.shop import SALES, TABLES, sale, write_shop

from retail import audit, cli, ingest, quarantine
from retail.entities import TRANSACTIONS
from retail.errors import Verdict
from retail.settings import Settings

MARCH = "transactions_2026-03.csv"
GOOD = "".join(sale(f"G{number}") for number in range(60))
HELD = sale("BAD1", quantity="0") + sale("BAD2", city="=cmd()|'/C calc'!A0", unit_price="-10.00")
Retail = Callable[..., tuple[int, str, str]]


@pytest.fixture
def retail(small, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Retail:
    """`retail ARGUMENTS` on this test's warehouse: exit code, what it printed, what it complained of."""
    monkeypatch.setenv("WAREHOUSE_URL", small.server.url(small.database, "warehouse_loader"))
    monkeypatch.setenv("RETAIL_DATA_DIR", str(small.settings.data_dir))

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["retail", *arguments])
        with pytest.raises(SystemExit) as left:
            cli.main()
        printed = capsys.readouterr()
        return left.value.code or 0, printed.out, printed.err

    return run


def test_load_brings_the_files_in_and_a_second_load_finds_nothing_new(small, retail: Retail) -> None:
    code, out, _ = retail("load", "--json")
    (facts,) = json.loads(out)
    assert (code, facts["files"], facts["new_rows"], facts["marts"]) == (0, 3, 7, 7)
    assert small.query("SELECT sum(orders) FROM marts.daily_sales") == [(3,)]
    assert json.loads(retail("load", "--json")[1])[0]["new_rows"] == 0


def test_generate_writes_the_set_and_the_days_after_it(small, retail: Retail) -> None:
    code, out, _ = retail("generate", "--through", "2026-07-16")
    assert code == 0
    assert "defects planted" in out
    assert (small.source / "transactions_2026-07-16.csv").exists()
    code, _, err = retail("generate", "--through", "2026-07-01")
    assert code == 1
    assert "2026-07-15 or later" in err


def test_audit_shows_tries_newest_first_narrowed_and_as_json(small, retail: Retail) -> None:
    conn = small.connect()
    with audit.recorded(conn, audit.Try("weekly", "load", "run-1", 1)) as row:
        row.rows_in, row.rows_out, row.source_sha256 = 10, 9, "ab" * 32
    with pytest.raises(Verdict), audit.recorded(conn, audit.Try("nightly", "score", "run-2", 1)):
        raise Verdict("the score is too low")
    rows = json.loads(retail("audit", "--json")[1])
    assert [(row["task_id"], row["outcome"]) for row in rows] == [("score", "verdict"), ("load", "success")]
    assert rows[1]["source_sha256"] == "ab" * 32
    for narrowed in (("--dag", "weekly"), ("--run", "run-1"), ("--outcome", "success")):
        assert [row["task_id"] for row in json.loads(retail("audit", "--json", *narrowed)[1])] == ["load"]
    assert len(json.loads(retail("audit", "--json", "--count", "1")[1])) == 1
    code, table, _ = retail("audit")
    assert code == 0
    for words in ("nightly", "score", "verdict", "the score is too low", "abababab"):
        assert words in table
    assert retail("audit", "--dag", "none")[1].strip()


def test_audit_shows_what_looks_like_markup_or_a_terminals_command_as_text(small, retail: Retail) -> None:
    with pytest.raises(Verdict), audit.recorded(small.connect(), audit.Try("weekly", "load", "run-1", 1)):
        raise Verdict("[/x] [red] \x1b[2J\x9b2J\rgone")
    code, table, _ = retail("audit")
    assert code == 0
    assert "[/x] [red] \\x1b[2J\\x9b2J\\x0dgone" in table
    assert not set(table) & {"\x1b", "\x9b", "\r"}


def test_quarantine_is_listed_exported_corrected_and_replayed(small, retail: Retail, tmp_path: Path) -> None:
    small.put(MARCH, SALES + GOOD + HELD)
    assert retail("load")[0] == 0
    listed = json.loads(retail("quarantine", "list", "--json")[1])
    assert {(row["check"], row["rows"]) for row in listed} >= {("transactions_quantity_out_of_range", 1)}
    path = tmp_path / "held.csv"
    code, out, _ = retail("quarantine", "export", "transactions", str(path))
    assert code == 0
    assert f"2 rows of transactions in {path}" in out
    rows = list(csv.DictReader(path.open(newline="")))
    assert rows[1]["city"] == "'=cmd()|'/C calc'!A0"
    assert rows[1]["unit_price"] == "'-10.00"
    rows[0]["quantity"], rows[1]["unit_price"] = "2", "10.00"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    code, out, _ = retail("quarantine", "replay", "transactions", str(path))
    assert (code, "2 rows corrected, 0 of them still in quarantine" in out) == (0, True)
    assert small.query("SELECT city FROM core.transactions WHERE transaction_id = 'BAD2'") == [("=cmd()|'/C calc'!A0",)]


def test_export_can_be_narrowed_to_one_check(small, retail: Retail, tmp_path: Path) -> None:
    small.put(MARCH, SALES + GOOD + HELD)
    retail("load")
    path = tmp_path / "held.csv"
    retail("quarantine", "export", "transactions", str(path), "--check", "transactions_quantity_out_of_range")
    assert [row["transaction_id"] for row in csv.DictReader(path.open(newline=""))] == ["BAD1"]


def test_refusals_are_one_sentence_and_exit_1(small, retail: Retail, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    for arguments, words in (
        (("quarantine", "export", "orders", str(tmp_path / "x")), "'orders' is not a kind of row"),
        (("quarantine", "replay", "transactions", str(tmp_path / "other.csv")), "has no column file, line"),
        (("quarantine", "replay", "transactions", str(tmp_path / "none.csv")), "is not there"),
        (("quarantine", "export", "transactions", str(tmp_path / "none" / "x.csv")), "Name a file in the data folder"),
    ):
        code, _, err = retail(*arguments)
        assert code == 1
        assert err.startswith("retail: ")
        assert words in err
    monkeypatch.setenv("WAREHOUSE_URL", "postgresql://nobody@127.0.0.1:1/none")
    code, _, err = retail("audit")
    assert (code, "refused" in err, "Traceback" in err) == (1, True, False)
    monkeypatch.delenv("WAREHOUSE_URL")
    monkeypatch.delenv("AIRFLOW_CONN_WAREHOUSE", raising=False)
    code, _, err = retail("quarantine", "list")
    assert (code, "WAREHOUSE_URL is not set" in err) == (1, True)


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
TRICKY = st.builds("".join, st.lists(st.sampled_from("=+-@'\t\r\n,\" a0"), max_size=6))


@given(st.lists(st.one_of(CELLS, TRICKY), min_size=1, max_size=6))
@example(["=1", "'=1", "\r", "\r\n", "\n", "'", "''+1", '"', "\t@"])
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_export_holds_no_formula_and_replayed_as_it_is_changes_no_cell(shop, tmp_path_factory, cities) -> None:
    folder = tmp_path_factory.mktemp("any")
    shop_settings = Settings(folder, max_bad_share=1.0)
    write_shop(folder / "source")
    with (folder / "source" / MARCH).open("w", newline="") as file:
        file.write(SALES)
        for number, city in enumerate(cities):
            row = sale(f"T{number}", quantity="0").strip().split(",")
            csv.writer(file, lineterminator="\r\n").writerow([*row[:-1], city])
    conn = psycopg2.connect(shop.server.url(shop.database, "warehouse_loader"))
    try:
        with conn, conn.cursor() as cur:
            cur.execute(f"TRUNCATE {TABLES} CASCADE")
        ingest.load(conn, shop_settings, ingest.validate_source(conn, shop_settings).fresh, "test")
        before = shop.query("SELECT line, city FROM raw.transactions ORDER BY line")
        assert [city for _, city in before] == [city or None for city in cities]
        path = folder / "held.csv"
        assert quarantine.export(conn, TRANSACTIONS, path) == len(cities)
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row), row
        done = quarantine.replay(conn, TRANSACTIONS, path, "test")
        assert done.held == done.rows == len(cities)
        assert shop.query("SELECT line, city FROM raw.transactions ORDER BY line") == before
    finally:
        conn.close()
