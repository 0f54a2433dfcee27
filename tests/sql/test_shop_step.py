"""What a failing stage of a Dag leaves behind: a verdict fails at once, trouble is retried, both are audited."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from pathlib import Path
from types import ModuleType, SimpleNamespace

import psycopg2
import pytest

from retail import checks, ingest, marts, quality, report
from retail.errors import Verdict
from retail.settings import Settings

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp())
PLUGIN = Path(__file__).resolve().parents[2] / "airflow" / "plugins" / "shop_tasks.py"


@pytest.fixture
def tasks(small, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The Dags' helper, with this test's warehouse and a task context."""
    spec = importlib.util.spec_from_file_location("shop_tasks_under_test", PLUGIN)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # dataclasses look their module up there
    spec.loader.exec_module(module)
    run = SimpleNamespace(run_id="manual__1", data_interval_start=None, data_interval_end=None, run_after=report_day())
    task = SimpleNamespace(dag_id="weekly_full_pipeline", task_id="stage", try_number=1)
    monkeypatch.setattr(module, "get_current_context", lambda: {"dag_run": run, "ti": task})
    monkeypatch.setattr(module, "_connect", small.connect)
    monkeypatch.setenv("RETAIL_DATA_DIR", str(small.settings.data_dir))
    return module


def report_day():
    from datetime import UTC, datetime

    return datetime(2026, 11, 1, tzinfo=UTC)


def validate(s) -> object:
    return ingest.validate_source(s.conn, s.settings)


def load(s) -> object:
    return ingest.load(s.conn, s.settings, ingest.validate_source(s.conn, s.settings).fresh, s.run_id)


def transform(s) -> object:
    return marts.refresh_all(s.conn, s.run_id)


def check(s) -> object:
    quality.begin(s.conn, s.run_id, s.end)
    for dimension in checks.DIMENSIONS:
        quality.check_dimension(s.conn, s.run_id, dimension)
    return quality.score(s.conn, s.run_id, s.settings.score_threshold)


def tell(s) -> object:
    return report.write(s.settings.report_dir, report.gather(s.conn, s.run_id, s.end))


STAGES = {"data_validation": validate, "data_ingestion": load, "data_transformation": transform,
          "quality_checks": check, "reporting": tell}  # fmt: skip


def break_stage(stage: str, shop, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make *stage* come to a verdict, and return a word of it."""
    if stage == "data_validation":
        shop.put("products.csv", "")
        return "products.csv is empty"
    if stage == "data_ingestion":
        sound = (shop.source / "transactions_2026-03.csv").read_text()
        shop.put("transactions_2026-03.csv", sound.replace(",2,10.00", ",0,10.00", 1))
        return "Too many bad rows"
    if stage == "data_transformation":
        real = marts.warehouse.run

        def one_cent_off(cur, name, /, **parameters):
            rows = real(cur, name, **parameters)
            return [(rows[0][0], rows[0][1] + 1, *rows[0][2:])] if name == "marts/daily_sales" else rows

        monkeypatch.setattr(marts.warehouse, "run", one_cent_off)
        return "marts.daily_sales came out"
    if stage == "quality_checks":
        monkeypatch.setenv("RETAIL_SCORE_THRESHOLD", "100")
        path = shop.source / "customers.csv"
        path.write_text(path.read_text().replace("asha@example.com", "", 1))
        return "under the threshold of 100"
    return "no quality score"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_that_comes_to_a_verdict_fails_at_once_and_a_rerun_after_the_cure_succeeds(
    tasks: ModuleType, small, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    untouched = {path: path.read_bytes() for path in small.source.iterdir()}
    with monkeypatch.context() as broken:
        said = break_stage(stage, small, broken)
        before = list(STAGES)[: list(STAGES).index(stage)]
        for name in before:
            if not (stage == "reporting" and name == "quality_checks"):
                with tasks.step() as s:
                    STAGES[name](s)
        state = small.query("SELECT * FROM raw.accounting ORDER BY 1"), small.query("SELECT * FROM marts.daily_sales")
        with pytest.raises(AirflowFailException, match=said), tasks.step() as s:
            STAGES[stage](s)
    assert (
        small.query("SELECT * FROM raw.accounting ORDER BY 1"),
        small.query("SELECT * FROM marts.daily_sales"),
    ) == state
    assert small.query("SELECT outcome, message LIKE '%" + said + "%' FROM audit.task_tries ORDER BY started_at DESC "
                       "LIMIT 1") == [("verdict", True)]  # fmt: skip
    for path, content in untouched.items():
        path.write_bytes(content)
    for name in STAGES:  # noqa: PLC0206
        with tasks.step() as s:
            STAGES[name](s)
    assert small.query("SELECT sum(orders) FROM marts.daily_sales") == [(3,)]
    assert len(list(small.settings.report_dir.glob("*.html"))) == 1


def test_a_reports_folder_that_takes_no_file_is_a_verdict_and_the_next_try_after_the_cure_writes_the_report(
    tasks: ModuleType, small
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    for name in ("data_ingestion", "data_transformation", "quality_checks"):
        with tasks.step() as s:
            STAGES[name](s)
    small.settings.report_dir.write_text("in the way")
    with pytest.raises(AirflowFailException, match="The report cannot be written"), tasks.step() as s:
        tell(s)
    assert small.query("SELECT outcome FROM audit.task_tries ORDER BY started_at DESC LIMIT 1") == [("verdict",)]
    small.settings.report_dir.unlink()
    with tasks.step() as s:
        tell(s)
    assert len(list(small.settings.report_dir.iterdir())) == 1


def test_trouble_that_may_pass_is_raised_as_it_is_so_that_airflow_retries_and_is_audited(
    tasks: ModuleType, small
) -> None:
    with pytest.raises(psycopg2.OperationalError), tasks.step() as s:
        pid = s.conn.info.backend_pid
        small.server.execute(small.database, f"SELECT pg_terminate_backend({pid})")
        marts.refresh(s.conn, "daily_sales", s.run_id)
    assert small.query("SELECT outcome FROM audit.task_tries") == [("error",)]


def test_bad_settings_are_a_verdict_and_audited(tasks: ModuleType, small, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    monkeypatch.setenv("RETAIL_SCORE_THRESHOLD", "high")
    with pytest.raises(AirflowFailException, match="RETAIL_SCORE_THRESHOLD"), tasks.step():
        pytest.fail("the step must not begin")
    assert small.query("SELECT outcome FROM audit.task_tries") == [("verdict",)]
    with pytest.raises(Verdict):
        Settings.from_env()
