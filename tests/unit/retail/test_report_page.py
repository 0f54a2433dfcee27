"""The report's page reads plain files of the reports folder, and nothing else by whatever name is asked for."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail.report import file_name

PLUGINS = Path(__file__).resolve().parents[3] / "airflow" / "plugins"


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    os.environ.setdefault("AIRFLOW_HOME", str(tmp_path_factory.mktemp("home")))
    sys.path.append(str(PLUGINS))
    spec = importlib.util.spec_from_file_location("shop_report_under_test", PLUGINS / "shop_report.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(str(PLUGINS))
    return module


@given(st.text(), st.text())
def test_a_name_stays_inside_the_reports_folder(dag_id: str, run_id: str) -> None:
    name = file_name(f"{dag_id}/{run_id}")
    assert Path(name).name == name
    assert "\0" not in name
    assert name.endswith(".html")


def test_a_kept_file_is_read_and_what_is_not_one_is_not(plugin: ModuleType, tmp_path: Path) -> None:
    kept = tmp_path / "kept.html"
    kept.write_bytes(b"<p>kept</p>")
    (tmp_path / "secret").write_text("a secret")
    (tmp_path / "link.html").symlink_to(tmp_path / "secret")
    (tmp_path / "folder.html").mkdir()
    os.mkfifo(tmp_path / "pipe.html")  # opening it plainly would wait for a writer for ever
    assert plugin.read_kept(kept) == b"<p>kept</p>"
    for name in ("link.html", "folder.html", "pipe.html", "missing.html", "x" * 300):
        assert plugin.read_kept(tmp_path / name) is None, name


def test_a_task_process_that_reads_the_plugin_does_not_load_the_web_framework_or_the_charts(tmp_path: Path) -> None:
    code = (
        "import sys, airflow.plugins_manager, airflow.sdk; before = set(sys.modules)\n"
        "import shop_report; print(*(set(sys.modules) - before))"
    )
    environment = os.environ | {"AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": str(PLUGINS)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "shop_report" in loaded
    assert not {"fastapi", "retail.report", "pygal"} & loaded
