"""Loading takes the memory of a chunk, however long the file is."""

from __future__ import annotations

import hashlib
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from support.shop import SALES, sale

from retail.entities import TRANSACTIONS
from retail.periods import read_name
from retail.stream import copy_file

NAME = "transactions_2026-03.csv"
LIMIT_BYTES = 3 << 20


class Drain:
    """A database that takes what COPY sends and keeps nothing but its size."""

    size = 0

    def copy_expert(self, _statement: str, text: Any) -> None:
        while part := text.read(8192):
            self.size += len(part)


@pytest.mark.parametrize("thousands", [5, 50])
def test_ten_times_the_rows_take_no_more_memory(tmp_path: Path, thousands: int) -> None:
    path = tmp_path / NAME
    named = read_name(NAME)
    assert named is not None
    with path.open("w") as file:
        file.write(SALES)
        for start in range(0, thousands * 1000, 1000):
            file.write("".join(sale(f"T{number}") for number in range(start, start + 1000)))
    drain = Drain()
    tracemalloc.start()
    try:
        rows, digest = copy_file(drain, path, TRANSACTIONS, named, 1)  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rows == thousands * 1000
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert drain.size > path.stat().st_size
    assert peak < LIMIT_BYTES, f"{peak:,} bytes"
