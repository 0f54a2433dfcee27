"""Make many objects that stay, as imports do, without a garbage collection in between.

Looking for garbage among them again and again finds little. Measured: 0.2 of the 1.5 CPU seconds of a role's imports.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType


def change(module: ModuleType, execute: Callable[[], None]) -> None:
    """Execute Airflow's *module*, and all that it imports."""
    with uncollected():
        execute()


@contextmanager
def uncollected() -> Iterator[None]:
    """Leave the collection of garbage until the block has ended."""
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()
