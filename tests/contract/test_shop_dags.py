"""The three Dags keep what was agreed: names, shapes, schedules, retries; and the shop never imports Airflow."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DAGS = ROOT / "airflow" / "dags"
SHAPES = {
    "daily_quality_check": {
        "validate_data_schema": {"check_data_completeness", "check_data_validity", "check_data_consistency"},
        "check_data_completeness": {"calculate_quality_score"},
        "check_data_validity": {"calculate_quality_score"},
        "check_data_consistency": {"calculate_quality_score"},
        "calculate_quality_score": set(),
    },
    "refresh_aggregations": {
        "refresh_customer_summary": {"verify_aggregations"},
        "refresh_product_summary": {"verify_aggregations"},
        "refresh_daily_sales": {"verify_aggregations"},
        "refresh_monthly_sales": {"verify_aggregations"},
        "verify_aggregations": set(),
    },
    "weekly_full_pipeline": {
        "data_validation": {"data_ingestion"},
        "data_ingestion": {"data_transformation"},
        "data_transformation": {"quality_checks"},
        "quality_checks": {"reporting"},
        "reporting": {"completion"},
        "completion": set(),
    },
}
SCHEDULES = {
    "daily_quality_check": "0 2 * * *",
    "refresh_aggregations": "0 3 * * *",
    "weekly_full_pipeline": "0 4 * * 0",
}


@pytest.fixture(scope="module")
def dags(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The Dags as Airflow parses them, in a process of its own: importing Airflow here would bind its home folder."""
    code = (
        "import json\n"
        "from airflow.dag_processing.dagbag import DagBag\n"
        f"bag = DagBag(dag_folder={str(DAGS)!r})\n"
        "def facts(d):\n"
        "    return {'tasks': {t.task_id: sorted(t.downstream_task_ids) for t in d.tasks}, 'cron': d.timetable.expression "  # noqa: E501
        "if hasattr(d.timetable, 'expression') else d.timetable._expression, 'zone': str(d.timetable.timezone if "
        "hasattr(d.timetable, 'timezone') else d.timetable._timezone), 'kind': type(d.timetable).__name__, 'catchup': "
        "d.catchup, 'tags': sorted(d.tags), 'doc': d.doc_md, 'active': d.max_active_runs, 'all': [[t.retries, "
        "t.retry_delay.total_seconds(), float(t.retry_exponential_backoff), t.execution_timeout is not None, t.owner] "
        "for t in d.tasks], 'assets': sorted({a.name for t in d.tasks for a in t.outlets})}\n"
        "print('FACTS' + json.dumps({'errors': bag.import_errors, 'dags': {i: facts(d) for i, d in bag.dags.items()}}))\n"  # noqa: E501
    )
    env = os.environ | {
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("home")),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "airflow" / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(ROOT / "src"),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("FACTS")]
    assert lines, done.stderr[-2000:]
    found = json.loads(lines[0].removeprefix("FACTS"))
    assert found["errors"] == {}
    return {name: facts for name, facts in found["dags"].items() if name in SHAPES}


@pytest.mark.parametrize("dag_id", SHAPES)
def test_a_dag_has_its_agreed_tasks_schedule_and_care(dags: dict, dag_id: str) -> None:
    found = dags[dag_id]
    assert (DAGS / f"{dag_id}.py").is_file()
    assert {task: set(after) for task, after in found["tasks"].items()} == SHAPES[dag_id]
    assert (found["cron"], found["zone"]) == (SCHEDULES[dag_id], "Asia/Kolkata")
    # A window is meant, so the timetable must be one that makes intervals.
    assert found["kind"] == "CronDataIntervalTimetable"
    assert found["catchup"] is False
    assert found["active"] == 1
    assert "shop" in found["tags"]
    assert "Safe to rerun" in found["doc"]
    for retries, delay, backoff, limited, owner in found["all"]:
        assert (retries, delay) == (2, timedelta(minutes=5).total_seconds())
        assert backoff > 1
        assert limited
        assert owner == "shop-data"


def test_loads_marts_and_scores_are_assets(dags: dict) -> None:
    marts = {"shop_customer_summary", "shop_product_summary", "shop_daily_sales", "shop_monthly_sales"}
    assert set(dags["weekly_full_pipeline"]["assets"]) == {"shop_core", "shop_quality", *marts}
    assert set(dags["refresh_aggregations"]["assets"]) == marts
    assert set(dags["daily_quality_check"]["assets"]) == {"shop_core", "shop_quality"}


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return found | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_the_shop_never_imports_airflow_or_the_deployments_tool() -> None:
    for path in (ROOT / "src" / "retail").rglob("*.py"):
        for name in imports(path):
            assert name.split(".")[0] not in {"airflow", "airfleet"}, f"{path.name} imports {name}"


@pytest.mark.parametrize("dag_id", SHAPES)
def test_a_dag_file_is_wiring(dag_id: str) -> None:
    path = DAGS / f"{dag_id}.py"
    assert {name for name in imports(path) if name.startswith("airflow")} == {"airflow.sdk"}
    assert "SELECT" not in path.read_text(encoding="utf-8")
