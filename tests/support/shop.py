"""A tiny, sound shop on disk, to be spoilt by tests."""

from __future__ import annotations

from pathlib import Path

# Every table of the warehouse that a test may have filled; the loader may empty these.
TABLES = (
    "raw.files, raw.customers, raw.products, raw.transactions, raw.loads, core.customers, core.products, quality.runs, "
    "marts.customer_summary, marts.product_summary, marts.daily_sales, marts.monthly_sales, marts.builds"
)
CUSTOMERS = "customer_id,full_name,email,phone,city,signed_up_on\n"
PRODUCTS = "product_id,name,category,list_price,weight_grams\n"
SALES = (
    "transaction_id,customer_id,product_id,ordered_at,quantity,unit_price,discount,total,"
    "payment_method,payment_state,channel,city\n"
)


def sale(number: str, day: str = "2026-03-04", **other: str) -> str:
    """One sound row of transactions, or one with some cells replaced."""
    cells = {
        "transaction_id": number,
        "customer_id": "C1",
        "product_id": "P1",
        "ordered_at": f"{day}T12:00:00+05:30",
        "quantity": "2",
        "unit_price": "10.00",
        "discount": "1.00",
        "total": "19.00",
        "payment_method": "upi",
        "payment_state": "paid",
        "channel": "app",
        "city": "Pune",
    } | other
    return ",".join(cells.values()) + "\n"


def customer(number: str, **other: str) -> str:
    cells = {
        "customer_id": number,
        "full_name": "Asha Rao",
        "email": "asha@example.com",
        "phone": "+919812345678",
        "city": "Pune",
        "signed_up_on": "2025-01-01",
    } | other
    return ",".join(cells.values()) + "\n"


def product(number: str, **other: str) -> str:
    cells = {
        "product_id": number,
        "name": "Tea",
        "category": "Grocery",
        "list_price": "10.00",
        "weight_grams": "100",
    } | other
    return ",".join(cells.values()) + "\n"


def write_shop(source: Path, sales: str | None = None) -> None:
    source.mkdir(parents=True, exist_ok=True)
    (source / "customers.csv").write_text(CUSTOMERS + customer("C1") + customer("C2"))
    (source / "products.csv").write_text(PRODUCTS + product("P1") + product("P2"))
    body = sale("T1") + sale("T2", customer_id="C2") + sale("T3", day="2026-03-05") if sales is None else sales
    (source / "transactions_2026-03.csv").write_text(SALES + body)
