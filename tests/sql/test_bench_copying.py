"""The copying is measured beside psql's \\copy, and leaves the warehouse as it was."""

from __future__ import annotations

import pytest
from support.shop import SALES, sale

from retail import bench_copying, ingest


def test_copying_is_measured_beside_psql_and_nothing_is_kept(small) -> None:
    small.put(
        "transactions_2026-03.csv",
        SALES
        + "".join(sale(f"T{n}") for n in range(60))
        + "torn,row\n"
        + sale("B", quantity="x", city='"Navi, Mumbai"'),
    )
    conn = small.connect()
    fresh = ingest.validate_source(conn, small.settings).fresh
    told = bench_copying.measure(conn, small.server.url(small.database, "warehouse_loader"), small.settings, fresh, 2)
    for way in ("plain", "alike", "ours"):
        assert len(told[way]["rounds"]) == 2
        assert told[way]["backend_cpu_s"] is not None
    assert told["ratio_to_plain"] > 0
    assert told["ratio_to_alike"] > 0
    assert small.query("SELECT (SELECT count(*) FROM raw.files), (SELECT count(*) FROM raw.transactions)") == [(0, 0)]
    assert small.query("SELECT to_regclass('raw.plain_transactions'), to_regclass('raw.alike_transactions')") == [
        (None, None)
    ]
    assert ingest.load(conn, small.settings, fresh, "test").quarantined == 2


def test_a_warehouse_that_holds_files_is_not_measured_with_and_left_alone(small) -> None:
    conn = small.connect()
    fresh = ingest.validate_source(conn, small.settings).fresh
    ingest.load(conn, small.settings, fresh, "test")
    with pytest.raises(SystemExit, match="holds files"):
        bench_copying.measure(conn, small.server.url(small.database, "warehouse_loader"), small.settings, fresh, 1)
    assert small.query("SELECT count(*) FROM core.transactions") == [(3,)]
