"""Build the marts from core, each in one transaction, and verify that they agree with it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from retail import warehouse
from retail.errors import Verdict
from retail.warehouse import Lock, connection, cursor

MARTS = {
    "customer_summary": Lock.CUSTOMER_SUMMARY,
    "product_summary": Lock.PRODUCT_SUMMARY,
    "daily_sales": Lock.DAILY_SALES,
    "monthly_sales": Lock.MONTHLY_SALES,
}


@dataclass(frozen=True, slots=True)
class Built:
    """One build of one mart: *version* is the load of core that it shows."""

    mart: str
    rows: int
    net_cents: int
    version: int
    seconds: float


def refresh(conn: connection, mart: str, run_id: str) -> Built:
    """Rebuild one mart from core. Readers see the earlier rows until the commit.

    Raises Verdict, and keeps the earlier rows, when the built rows do not add up to core's.
    """
    with warehouse.transaction(conn, MARTS[mart]) as cur:
        warehouse.require_schema(cur)
        return _build(cur, mart, run_id)


def refresh_all(conn: connection, run_id: str) -> list[Built]:
    """Rebuild every mart in one transaction, on one and the same load of core."""
    with warehouse.transaction(conn, Lock.INGEST, *MARTS.values()) as cur:
        warehouse.require_schema(cur)
        return [_build(cur, mart, run_id) for mart in MARTS]


def _build(cur: cursor, mart: str, run_id: str) -> Built:
    began = time.monotonic()
    cur.execute(f"DELETE FROM marts.{mart}")  # noqa: S608 - one of MARTS # nosec B608
    # One statement reads core, its version and the expected totals, so all of them have the same snapshot.
    rows, net, expected_rows, expected_net, version = warehouse.run(cur, f"marts/{mart}")[0]
    seconds = round(time.monotonic() - began, 3)
    if (rows, net) != (expected_rows, expected_net):
        raise Verdict(
            f"marts.{mart} came out with {rows:,} rows and {net:,} net cents where core has {expected_rows:,} and "
            f"{expected_net:,}. The former rows were kept. Compare src/retail/sql/marts/{mart}.sql with core.sales."
        )
    facts = {"mart": mart, "run_id": run_id, "version": version, "rows": rows, "net": net, "seconds": seconds}
    warehouse.run(cur, "marts/add_build", **facts)
    return Built(mart, rows, int(net), version, seconds)


@dataclass(frozen=True, slots=True)
class Verified:
    """All marts agree with core at load *version*; *rebuilt* names those that showed an older load until now."""

    rows: int
    net_cents: int
    version: int
    rebuilt: list[str]


def verify(conn: connection, run_id: str) -> Verified:
    """Verify that row counts and totals of all marts agree with core to the last cent.

    A mart that shows an older load than core (one was committed between two refreshes) is rebuilt first. Raises
    Verdict naming each figure that disagrees.
    """
    with warehouse.transaction(conn, Lock.INGEST, *MARTS.values()) as cur:
        warehouse.require_schema(cur)
        version = warehouse.load_version(cur)
        shown = dict(warehouse.run(cur, "marts/versions"))
        rebuilt = [mart for mart in MARTS if shown.get(mart) != version]
        for mart in rebuilt:
            _build(cur, mart, run_id)
        wrong = warehouse.run(cur, "marts/disagreements")
        if wrong:
            told = "; ".join(f"{what}: core {core:,}, mart {mart:,}" for what, core, mart in wrong)
            raise Verdict(
                f"The marts disagree with core ({told}). Run refresh_aggregations again; if it stays, something else "
                "writes to the marts."
            )
        rows, net = warehouse.run(cur, "marts/totals")[0]
    return Verified(int(rows), int(net), version, rebuilt)
