"""No garbage is collected while Airflow is imported, and then it is again."""

import gc
import os
import subprocess
import sys
from types import ModuleType

import pytest

from airfleet.paths import Paths
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


def test_a_process_imports_airflow_so() -> None:
    count = "import gc, airflow; assert gc.isenabled(); print(gc.get_stats()[2]['collections'])"
    paths = Paths()
    given = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(paths.root / "src"),
        "AIRFLOW_HOME": str(paths.airflow_home),
        "AIRFLOW_CONFIG": str(paths.airflow_cfg),
    }
    done = subprocess.run([sys.executable, "-P", "-c", count], env=given, check=True, capture_output=True, text=True)
    assert done.stdout.split()[-1] == "0", done.stdout
