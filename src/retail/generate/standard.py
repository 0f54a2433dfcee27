"""The standard set, multiplied on request, and the daily drop files of the days after it."""

from __future__ import annotations

import json
import random
from contextlib import ExitStack
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from retail.entities import CUSTOMERS, PRODUCTS, TRANSACTIONS
from retail.errors import Verdict
from retail.generate import catalog, defects, people, sales
from retail.generate.writer import CsvFile

SEED = 20260115
MANIFEST = "manifest.json"
_SIGNUPS_A_DAY = 6
# Roughly how often a drop's row is spoilt, by the standard set's own mix.
_DROP_DEFECT_SHARE = 0.05


def generate(data_dir: Path, *, scale: int = 1, through: date | None = None) -> dict[str, Any]:
    """Write the shop's source files under *data_dir*/source and return the manifest beside them.

    The standard set is 60,495 rows x *scale*; *through* adds one file a day for sales and sign-ups from the
    day after the set up to and including that day. The same arguments give the same bytes.
    """
    if scale < 1:
        raise Verdict(f"Scale {scale} makes no rows; it needs a whole number from 1 on.")
    after = sales.FIRST_DAY + timedelta(days=sales.DAYS)
    if through is not None and through < after:
        raise Verdict(f"--through {through} lies inside the standard set; it needs {after} or later.")
    folder = data_dir / "source"
    folder.mkdir(parents=True, exist_ok=True)
    catalogue = catalog.products(SEED, scale)
    buyers = people.buyers(SEED, scale)
    files = [people.write(folder, SEED, scale), _write_products(folder, catalogue, scale)]
    files += _write_sales(folder, buyers, catalogue, scale)
    if through is not None:
        for day in sales.days(after, (through - after).days + 1):
            files += _write_drop(folder, day, buyers, catalogue, scale)
    manifest = {
        "seed": SEED,
        "scale": scale,
        "through": through.isoformat() if through else None,
        "rows": sum(file.rows for file in files),
        "files": {file.name: file.describe() for file in files},
        "defects": [planted.as_json() for file in files for planted in file.planted],
    }
    part = data_dir / f".{MANIFEST}.part"
    part.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    part.replace(data_dir / MANIFEST)
    return manifest


def is_present(data_dir: Path) -> bool:
    """Whether a set was generated here and its files still lie there (the manifest is written last)."""
    path = data_dir / MANIFEST
    if not path.is_file():
        return False
    names = json.loads(path.read_text(encoding="utf-8"))["files"]
    return all((data_dir / "source" / name).is_file() for name in names)


def _write_products(folder: Path, catalogue: list[catalog.Product], scale: int) -> CsvFile:
    rng = random.Random(f"{SEED}:product rows")  # noqa: S311 - made-up data, not secrets # nosec B311
    numbers = list(range(len(catalogue)))
    rng.shuffle(numbers)
    spoilt: dict[int, str] = {}
    for check, (count, _) in defects.PRODUCTS.items():
        for _ in range(count * scale):
            spoilt[numbers.pop()] = check
    with CsvFile(folder, "products.csv", PRODUCTS.header) as out:
        for number, product in enumerate(catalogue):
            row = [product.product_id, product.name, product.category, defects.money(product.price_cents)]
            row.append(str(product.weight_g))
            found = spoilt.get(number)
            if found:
                defects.PRODUCTS[found][1](row, rng)
            out.write(row, *([found] if found else []))
    return out


def _write_sales(folder: Path, buyers: list[str], catalogue: list[catalog.Product], scale: int) -> list[CsvFile]:
    rng = random.Random(f"{SEED}:sales")  # noqa: S311 - made-up data, not secrets # nosec B311
    total = sales.SALES_PER_SCALE * scale
    window = list(sales.days(sales.FIRST_DAY, sales.DAYS))
    counts = sales.share_out(total, [sales.day_weight(day) for day in window])
    shop = sales.Shop(rng, buyers, catalogue)
    planter = sales.Planter(rng, total, buyers, scale)
    files, number = [], 0
    months = groupby(zip(window, counts, strict=True), key=lambda item: item[0].strftime("%Y-%m"))
    for month, its_days in months:
        with CsvFile(folder, f"transactions_{month}.csv", TRANSACTIONS.header) as out:
            for day, count in its_days:
                for _ in range(count):
                    number += 1
                    buyer, defect = planter.next()
                    row = shop.sale(f"T{number:010d}", day, buyer)
                    sales.write_spoilt(out, row, defect, rng)
        files.append(out)
    return files


def _write_drop(
    folder: Path, day: date, buyers: list[str], catalogue: list[catalog.Product], scale: int
) -> list[CsvFile]:
    rng = random.Random(f"{SEED}:{day}")  # noqa: S311 - made-up data, not secrets # nosec B311
    stamp = day.strftime("%y%m%d")
    kinds = list(defects.TRANSACTIONS)
    weights = [count for count, _ in defects.TRANSACTIONS.values()]
    new = []
    with ExitStack() as stack:
        signups = stack.enter_context(CsvFile(folder, f"customers_{day}.csv", CUSTOMERS.header))
        drop = stack.enter_context(CsvFile(folder, f"transactions_{day}.csv", TRANSACTIONS.header))
        for number in range(1, _SIGNUPS_A_DAY * scale + 1):
            identity = f"C{stamp}{number:06d}"
            new.append(identity)
            name, mail, phone, city = catalog.person(rng, number)
            signups.write([identity, name, mail.replace("@", f".{stamp}@"), phone, city, day.isoformat()])
        shop = sales.Shop(rng, [*buyers, *new], catalogue)
        count = round(sales.SALES_PER_SCALE * scale / sales.DAYS * sales.day_weight(day))
        for number in range(1, count + 1):
            row = shop.sale(f"T{stamp}{number:07d}", day)
            spoil = rng.random() < _DROP_DEFECT_SHARE
            sales.write_spoilt(drop, row, rng.choices(kinds, weights)[0] if spoil else None, rng)
    return [signups, drop]
