"""Transactions: how many a day, who buys what, and which rows are spoilt."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import accumulate
from typing import Generic, TypeVar

from retail.generate import defects
from retail.generate.catalog import CITIES, Product
from retail.generate.writer import CsvFile

FIRST_DAY = date(2026, 1, 15)
DAYS = 181
ROWS_PER_SCALE = 50_000
_EXTRA = defects.TRANSACTIONS_IDENTICAL + defects.TRANSACTIONS_CONFLICTING
SALES_PER_SCALE = ROWS_PER_SCALE - _EXTRA
_WEEKDAYS = (0.86, 0.84, 0.90, 0.95, 1.10, 1.28, 1.22)
# (first day, last day, factor): the shop's events.
_EVENTS = (
    (date(2026, 1, 23), date(2026, 1, 27), 1.45),
    (date(2026, 2, 27), date(2026, 3, 4), 1.6),
    (date(2026, 4, 13), date(2026, 4, 16), 1.25),
    (date(2026, 6, 19), date(2026, 6, 28), 1.7),
)
_METHODS = {"upi": 52, "card": 24, "cash_on_delivery": 14, "netbanking": 6, "wallet": 4}
_STATES = {"paid": 90, "refunded": 5, "failed": 3, "pending": 2}
_CHANNELS = {"app": 58, "web": 34, "store": 8}
_HOURS = (1, 1, 0.5, 0.5, 0.5, 1, 2, 3, 4, 5, 7, 8, 8, 7, 6, 6, 6, 7, 9, 11, 12, 11, 7, 3)
T = TypeVar("T")
_DISCOUNTS = {0: 62, 5: 14, 10: 14, 20: 8, 30: 2}
_QUANTITIES = {1: 74, 2: 17, 3: 6, 4: 2, 6: 1}


def day_weight(day: date) -> float:
    """How busy a day is against others: its weekday, the events, a slow growth and a yearly wave."""
    weight = _WEEKDAYS[day.weekday()] * (1 + 0.0009 * (day - FIRST_DAY).days)
    weight *= 1 + 0.08 * math.sin(2 * math.pi * day.timetuple().tm_yday / 365)
    for first, last, factor in _EVENTS:
        if (first.month, first.day) <= (day.month, day.day) <= (last.month, last.day):
            weight *= factor
    return weight


def share_out(total: int, weights: Sequence[float]) -> list[int]:
    """Split *total* in whole parts by *weights*; the parts add up to it exactly."""
    whole = sum(weights)
    edges = [round(total * upto / whole) for upto in accumulate(weights)]
    return [after - before for before, after in zip([0, *edges], edges, strict=False)]


class _Draw(Generic[T]):
    """A weighted choice that is quick to repeat."""

    def __init__(self, rng: random.Random, choices: dict[T, int]) -> None:
        self._rng, self._items = rng, list(choices)
        self._edges = list(accumulate(choices.values()))

    def __call__(self) -> T:
        return self._rng.choices(self._items, cum_weights=self._edges)[0]


class Shop:
    """Draws sound transactions, one at a time."""

    def __init__(self, rng: random.Random, buyers: Sequence[str], products: Sequence[Product]) -> None:
        self.rng, self.buyers, self.products = rng, buyers, products
        # A few customers spend most: the long tail of any shop.
        self._buyer_edges = list(accumulate(rng.paretovariate(1.6) for _ in self.buyers))
        self._product_edges = list(accumulate(product.pull for product in self.products))
        self._method, self._state = _Draw(rng, _METHODS), _Draw(rng, _STATES)
        self._channel, self._city = _Draw(rng, _CHANNELS), _Draw(rng, CITIES)
        self._hour = list(accumulate(_HOURS))
        self._discount, self._quantity = _Draw(rng, _DISCOUNTS), _Draw(rng, _QUANTITIES)

    def sale(self, number: str, day: date, buyer: str | None = None) -> defects.Row:
        """Draw one row for *day*; with *buyer* given it is a paid sale of theirs."""
        rng = self.rng
        product = rng.choices(self.products, cum_weights=self._product_edges)[0]
        quantity = self._quantity()
        gross = product.price_cents * quantity
        discount = gross * self._discount() // 100
        hour = rng.choices(range(24), cum_weights=self._hour)[0]
        second = rng.randrange(3600)
        state = "paid" if buyer else self._state()
        return [
            number,
            buyer or rng.choices(self.buyers, cum_weights=self._buyer_edges)[0],
            product.product_id,
            f"{day.isoformat()}T{hour:02d}:{second // 60:02d}:{second % 60:02d}+05:30",
            str(quantity),
            defects.money(product.price_cents),
            defects.money(discount),
            defects.money(gross - discount),
            self._method(),
            state,
            self._channel(),
            self._city(),
        ]


class Planter:
    """Spreads the defects, the extra rows and each buyer's first sale evenly over the sales to come.

    Each of them is drawn without knowing the rest, yet all of them are used up when *sales* rows have been
    drawn: the share still to place is weighed against the rows still to come.
    """

    def __init__(self, rng: random.Random, sales: int, buyers: Sequence[str], scale: int) -> None:
        self._rng, self._left = rng, sales
        self._buyers = list(buyers)
        rng.shuffle(self._buyers)
        kinds = {check: count for check, (count, _) in defects.TRANSACTIONS.items()}
        kinds[defects.IDENTICAL] = defects.TRANSACTIONS_IDENTICAL
        kinds[defects.CONFLICTING] = defects.TRANSACTIONS_CONFLICTING
        self._defects = [check for check, count in kinds.items() for _ in range(count * scale)]
        rng.shuffle(self._defects)

    def next(self) -> tuple[str | None, str | None]:
        """(the buyer whose first sale this is, the defect it gets): at most one of them."""
        drawn = self._rng.randrange(self._left)
        self._left -= 1
        if drawn < len(self._buyers):
            return self._buyers.pop(), None
        if drawn < len(self._buyers) + len(self._defects):
            return None, self._defects.pop()
        return None, None


def write_spoilt(out: CsvFile, row: defects.Row, defect: str | None, rng: random.Random) -> None:
    """Write *row* as *defect* makes it: once, or with its double."""
    if defect is None:
        out.write(row)
    elif defect == defects.IDENTICAL:
        out.write(row)
        out.write(row, f"transactions_{defect}")
    elif defect == defects.CONFLICTING:
        other = row.copy()
        other[defects.T_STATE] = "failed" if row[defects.T_STATE] != "failed" else "paid"
        out.write(row, f"transactions_{defect}")
        out.write(other, f"transactions_{defect}")
    else:
        defects.TRANSACTIONS[defect][1](row, rng)
        out.write(row, defect)


def days(first: date, count: int) -> Iterator[date]:
    return (first + timedelta(days=offset) for offset in range(count))
