"""Customers of the standard set: who they are, who buys, and which rows are spoilt."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

from retail.entities import CUSTOMERS as ENTITY
from retail.generate import catalog, defects
from retail.generate.writer import CsvFile

ROWS_PER_SCALE = 10_000
BUYERS_PER_SCALE = 8_893
_FIRST_SIGNUP = date(2024, 1, 1)
# The day before the first sale: nobody of the standard set buys before signing up.
_LAST_SIGNUP = date(2026, 1, 14)
_PEOPLE_PER_SCALE = ROWS_PER_SCALE - defects.CUSTOMERS_IDENTICAL - defects.CUSTOMERS_CONFLICTING
# These make a customer unusable, so they may hit only those who never buy.
_FATAL = ("customers_id_missing", "customers_signup_impossible")


def _shuffled(seed: int, scale: int) -> list[int]:
    numbers = list(range(1, _PEOPLE_PER_SCALE * scale + 1))
    random.Random(f"{seed}:people").shuffle(numbers)  # noqa: S311 - made-up data, not secrets # nosec B311
    return numbers


def customer_id(number: int) -> str:
    return f"C{number:08d}"


def buyers(seed: int, scale: int) -> list[str]:
    """The ids of those who buy: 8,893 for each unit of *scale*."""
    return [customer_id(number) for number in _shuffled(seed, scale)[: BUYERS_PER_SCALE * scale]]


def write(folder: Path, seed: int, scale: int) -> CsvFile:
    """Write customers.csv, 10,000 rows for each unit of *scale*."""
    rng = random.Random(f"{seed}:customers")  # noqa: S311 - made-up data, not secrets # nosec B311
    numbers = _shuffled(seed, scale)
    others = numbers[BUYERS_PER_SCALE * scale :]
    # The first of those who never buy take the fatal defects, then the pairs that contradict each other.
    spoilt: dict[int, str] = {}
    taken = 0
    for check in _FATAL:
        for number in others[taken : taken + defects.CUSTOMERS[check][0] * scale]:
            spoilt[number] = check
        taken += defects.CUSTOMERS[check][0] * scale
    contradicted = set(others[taken : taken + defects.CUSTOMERS_CONFLICTING * scale])
    free = [number for number in numbers if number not in spoilt and number not in contradicted]
    rng.shuffle(free)
    taken = 0
    for check, (count, _) in defects.CUSTOMERS.items():
        if check not in _FATAL:
            for number in free[taken : taken + count * scale]:
                spoilt[number] = check
            taken += count * scale
    repeated = set(free[taken : taken + defects.CUSTOMERS_IDENTICAL * scale])
    span = (_LAST_SIGNUP - _FIRST_SIGNUP).days
    with CsvFile(folder, "customers.csv", ENTITY.header) as out:
        for number in range(1, len(numbers) + 1):
            name, mail, phone, city = catalog.person(rng, number)
            # Sign-ups grow over time.
            signed = _FIRST_SIGNUP + timedelta(days=int(span * rng.random() ** 0.7))
            row = [customer_id(number), name, mail, phone, city, signed.isoformat()]
            found = spoilt.get(number)
            if found:
                defects.CUSTOMERS[found][1](row, rng)
            if number in contradicted:
                out.write(row, f"customers_{defects.CONFLICTING}")
                out.write([*row[:4], "Shimla", row[5]], f"customers_{defects.CONFLICTING}")
                continue
            out.write(row, *([found] if found else []))
            if number in repeated:
                out.write(row, f"customers_{defects.IDENTICAL}")
    return out
