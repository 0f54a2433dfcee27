"""The columns of the shop's three kinds of source file, in order, and their types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from retail import parse

Reader = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a source file.

    *typed* is the warehouse column that holds the parsed value beside the text as read; it is None
    where the text itself is the value. *plain* matches the cells that need no reading (see parse.PLAIN_WORD); which
    moments are plain depends on the file.
    """

    name: str
    read: Reader = parse.word
    typed: str | None = None
    needs: str = "text"
    plain: str = parse.PLAIN_WORD


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of source file; *key* is the column that names a row, *moment* the one that says when it happened."""

    name: str
    key: str
    columns: tuple[Column, ...]
    moment: str = ""

    @property
    def header(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def typed(self) -> list[Column]:
        return [column for column in self.columns if column.typed]


CUSTOMERS = Entity(
    "customers",
    "customer_id",
    (
        Column("customer_id"),
        Column("full_name"),
        Column("email"),
        Column("phone"),
        Column("city"),
        Column("signed_up_on", parse.day, "signed_up_day", "dates written YYYY-MM-DD", parse.PLAIN_DAY),
    ),
)
PRODUCTS = Entity(
    "products",
    "product_id",
    (
        Column("product_id"),
        Column("name"),
        Column("category"),
        Column("list_price", parse.cents, "list_price_cents", "amounts such as 499.00", parse.PLAIN_CENTS),
        Column("weight_grams", parse.whole, "weight_g", "whole numbers", parse.PLAIN_WHOLE),
    ),
)
TRANSACTIONS = Entity(
    "transactions",
    "transaction_id",
    (
        Column("transaction_id"),
        Column("customer_id"),
        Column("product_id"),
        Column("ordered_at", parse.moment, "ordered_ts", "moments such as 2026-03-04T12:30:00+05:30"),
        Column("quantity", parse.whole, "quantity_n", "whole numbers", parse.PLAIN_WHOLE),
        Column("unit_price", parse.cents, "unit_price_cents", "amounts such as 499.00", parse.PLAIN_CENTS),
        Column("discount", parse.cents, "discount_cents", "amounts such as 49.90", parse.PLAIN_CENTS),
        Column("total", parse.cents, "total_cents", "amounts such as 449.10", parse.PLAIN_CENTS),
        Column("payment_method"),
        Column("payment_state"),
        Column("channel"),
        Column("city"),
    ),
    moment="ordered_at",
)
# Parents before children: transactions refer to the other two.
ENTITIES = {entity.name: entity for entity in (CUSTOMERS, PRODUCTS, TRANSACTIONS)}
