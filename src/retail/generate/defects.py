"""The defects that the generator plants: which check each is for, how many, and how a row gets it."""

from __future__ import annotations

import random
from collections.abc import Callable

Row = list[str]
Spoil = Callable[[Row, random.Random], None]

# Column places, as in retail.entities.
_C_ID, _C_NAME, _C_MAIL, _C_PHONE, _C_CITY, _C_SIGNED = range(6)
_P_ID, _P_NAME, _P_CATEGORY, _P_PRICE, _P_WEIGHT = range(5)
(T_ID, T_CUSTOMER, T_PRODUCT, T_TIME, T_QUANTITY, T_PRICE, T_DISCOUNT, T_TOTAL, T_METHOD, T_STATE, T_CHANNEL,
 T_CITY) = range(12)  # fmt: skip


def _put(place: int, *values: str) -> Spoil:
    def spoil(row: Row, rng: random.Random) -> None:
        row[place] = rng.choice(values)

    return spoil


def _break_mail(row: Row, rng: random.Random) -> None:
    row[_C_MAIL] = row[_C_MAIL].replace("@", rng.choice([" at ", "", "@@"]))


def _shift_year(row: Row, rng: random.Random) -> None:
    row[T_TIME] = rng.choice(["1970", "2019", "2062"]) + row[T_TIME][4:]


def _break_total(row: Row, rng: random.Random) -> None:
    row[T_TOTAL] = money(to_cents(row[T_TOTAL]) + rng.choice([-1, 1, 100, 2500]))


def _off_list(row: Row, rng: random.Random) -> None:
    """Charge another price than the catalogue's, with the sums still right."""
    price = to_cents(row[T_PRICE]) + rng.choice([1000, 5000])
    row[T_PRICE] = money(price)
    row[T_TOTAL] = money(price * int(row[T_QUANTITY]) - to_cents(row[T_DISCOUNT]))


def _tear(row: Row, rng: random.Random) -> None:
    """Lose the last cells, or gain one."""
    if rng.random() < 0.5:  # noqa: PLR2004 - an even chance
        del row[-rng.randint(1, 4) :]
    else:
        row.append("?")


def money(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def to_cents(text: str) -> int:
    return int(text.replace(".", ""))


# check -> (how many at scale 1, how). The rest of a spoilt row is sound, so each is found by its check alone.
CUSTOMERS: dict[str, tuple[int, Spoil]] = {
    "customers_id_missing": (20, _put(_C_ID, "")),
    "customers_name_missing": (150, _put(_C_NAME, "")),
    "customers_email_missing": (900, _put(_C_MAIL, "")),
    "customers_phone_missing": (1500, _put(_C_PHONE, "")),
    "customers_city_missing": (700, _put(_C_CITY, "")),
    "customers_email_malformed": (400, _break_mail),
    "customers_phone_malformed": (300, _put(_C_PHONE, "12345", "n/a", "+91 call me", "=1+1")),
    "customers_signup_impossible": (30, _put(_C_SIGNED, "2025-02-30", "2025-13-01", "yesterday")),
}
PRODUCTS: dict[str, tuple[int, Spoil]] = {
    "products_category_missing": (24, _put(_P_CATEGORY, "")),
    "products_weight_out_of_range": (18, _put(_P_WEIGHT, "0", "-5", "9999999", "light")),
}
TRANSACTIONS: dict[str, tuple[int, Spoil]] = {
    "transactions_row_malformed": (20, _tear),
    "transactions_id_missing": (60, _put(T_ID, "")),
    "transactions_customer_missing": (120, _put(T_CUSTOMER, "")),
    "transactions_product_missing": (50, _put(T_PRODUCT, "")),
    "transactions_payment_state_missing": (90, _put(T_STATE, "")),
    "transactions_channel_missing": (1200, _put(T_CHANNEL, "")),
    "transactions_city_missing": (1600, _put(T_CITY, "")),
    "transactions_time_impossible": (80, _put(T_TIME, "2026-02-30T10:00:00+05:30", "04/03/2026", "soon")),
    "transactions_time_outside_period": (70, _shift_year),
    "transactions_quantity_out_of_range": (150, _put(T_QUANTITY, "0", "-1", "100000", "two", "1.5")),
    "transactions_price_out_of_range": (
        140,
        _put(T_PRICE, "-499.00", "0", "NaN", "Infinity", "99999999999999999999", "1e9"),
    ),
    "transactions_discount_out_of_range": (60, _put(T_DISCOUNT, "-5.00", "9999999.00", "10 %")),
    "transactions_payment_state_unknown": (50, _put(T_STATE, "payd", "'; DROP TABLE core.transactions; --")),
    "transactions_channel_unknown": (400, _put(T_CHANNEL, "fax", "=cmd()", "<script>alert(1)</script>")),
    "transactions_total_mismatch": (180, _break_total),
    "transactions_price_off_list": (600, _off_list),
    "transactions_customer_unknown": (160, _put(T_CUSTOMER, "C999999990", "C999999991", "C999999992")),
    "transactions_product_unknown": (110, _put(T_PRODUCT, "P990001", "P990002")),
}
# Whole rows that come again: the same, or with another total and price under the same id.
CUSTOMERS_IDENTICAL, CUSTOMERS_CONFLICTING = 40, 15
TRANSACTIONS_IDENTICAL, TRANSACTIONS_CONFLICTING = 300, 100
IDENTICAL, CONFLICTING = "duplicate_identical", "duplicate_conflicting"
