"""What a running stack's warehouse holds, for tests that compare it before and after."""

import hashlib
from collections.abc import Callable

from psycopg2.extensions import connection as Connection

Connect = Callable[[str, str], Connection]
MARTS = {"customer_summary": 8_893, "product_summary": 495, "daily_sales": 181, "monthly_sales": 7}
TABLES = (
    "core.customers",
    "core.products",
    "core.transactions",
    "quarantine.rows",
    *(f"marts.{mart}" for mart in MARTS),
)
# A row that is decided anew may be held anew.
_LEFT_OUT = ("held_at",)


def checksums(connect: Connect) -> dict[str, tuple[int, str]]:
    """Return for each table of the shop its count and a digest of its rows, whatever their order."""
    found = {}
    with connect("warehouse_reader", "warehouse").cursor() as cursor:
        for name in TABLES:
            cursor.execute(f"SELECT (to_jsonb(t) - %s::text[])::text FROM {name} t ORDER BY 1", (list(_LEFT_OUT),))
            rows = [row for (row,) in cursor.fetchall()]
            found[name] = (len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest())
    return found


def query(connect: Connect, sql: str, role: str = "warehouse_reader") -> list[tuple]:
    """Run one statement as *role* and return its rows."""
    with connect(role, "warehouse").cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []
