"""No garbage is collected while Airflow is imported, and then it is again."""

import gc
from types import ModuleType

import pytest

from airfleet.upstream import quiet_imports


def test_collection_is_off_inside_and_on_again_also_after_an_error() -> None:
    seen: list[bool] = []

    def execute() -> None:
        seen.append(gc.isenabled())
        raise ImportError("no such module")

    with pytest.raises(ImportError):
        quiet_imports.change(ModuleType("airflow"), execute)
    assert seen == [False]
    assert gc.isenabled()


def test_who_turned_it_off_keeps_it_off() -> None:
    gc.disable()
    try:
        quiet_imports.change(ModuleType("airflow"), lambda: None)
        assert not gc.isenabled()
    finally:
        gc.enable()
