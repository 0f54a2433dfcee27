"""What health checks cost is counted from their own processes, at their own intervals."""

import sys
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from bench import health_checks, instance
from bench.health_checks import HealthCheck
from bench.instance import OURS, STOCK, Instance

WORKS = "import time\nwhile time.process_time() < 0.2: pass"


def test_the_cores_used_are_each_checks_cpu_seconds_over_its_interval() -> None:
    check = HealthCheck("a-role", 2.0, [sys.executable, "-I", "-c", WORKS], {})
    cores, each = health_checks.cores([check], seconds=0.1)
    assert 0.2 <= each["a-role"] < 2
    assert cores == pytest.approx(each["a-role"] / 2.0)


def test_a_spell_shorter_than_the_intervals_has_every_check_in_it() -> None:
    given = [HealthCheck(role, 30.0, [sys.executable, "-I", "-c", ""], {}) for role in ("a-role", "another")]
    began = time.monotonic()
    assert set(health_checks.cores(given, seconds=1)[1]) == {"a-role", "another"}
    # At their own intervals the first would begin after 10 s.
    assert time.monotonic() - began < 10


def test_a_check_that_goes_on_refusing_is_no_measurement() -> None:
    check = HealthCheck("a-role", 1.0, [sys.executable, "-I", "-c", "raise SystemExit(3)"], {})
    with pytest.raises(AirfleetError, match="exits 3 again and again"):
        health_checks.cores([check], seconds=0.1)


def test_a_check_that_refuses_once_is_run_again(tmp_path: Any) -> None:
    seen = tmp_path / "ran"
    once = f"from pathlib import Path\np = Path({str(seen)!r})\nif not p.exists(): p.touch(); raise SystemExit(3)"
    check = HealthCheck("a-role", 1.0, [sys.executable, "-I", "-c", once], {})
    assert list(health_checks.cores([check], seconds=0.1)[1]) == ["a-role"]


@pytest.fixture(params=[OURS, STOCK])
def laid_out(request: pytest.FixtureRequest, tmp_path: Any) -> Instance:
    made = instance._make(request.param, Paths(), tmp_path / "bench", list(range(20000, 20000 + len(instance._PORTS))))
    # Nothing of it runs.
    return Instance(
        made.profile,
        cast(Any, SimpleNamespace(settings=made.stack.settings, paths=made.stack.paths, counts=dict)),
        made.official,
    )


def test_both_deployments_have_a_check_for_each_role_with_every_placeholder_filled_in(laid_out: Instance) -> None:
    known = health_checks.of_instance(laid_out, Paths().root / "docker-compose.celery.yml")
    roles = {check.role for check in known}
    assert {"airflow-webserver", "airflow-scheduler", "airflow-worker", "airflow-triggerer"} <= roles
    words = [word for check in known for word in check.command]
    assert [word for word in words if "{" in word or "/opt/airflow" in word] == []
    assert str(laid_out.stack.settings.webserver_port) in words
    assert all(1 < check.interval_s < 120 for check in known)


def test_an_instance_is_a_folder_of_its_own_with_links_to_the_code_alone(laid_out: Instance) -> None:
    paths = laid_out.stack.paths
    src = paths.root / "src"
    assert (src / "retail").resolve() == Paths().root / "src" / "retail"
    assert {"bench_burst.py", "bench_chain.py", "bench_wait.py"} <= {path.name for path in paths.dags.iterdir()}
    own = (paths.airflow_home / "plugins" / "airfleet_roles.py").exists()
    assert own == (laid_out.profile == OURS)
    assert (paths.dags / "airfleet_maintenance.py").exists() == own
    assert (paths.dags / "weekly_full_pipeline.py").exists()
    assert (src / "sitecustomize.py").exists() == (laid_out.profile == OURS)
    assert ("min_file_process_interval" in paths.airflow_cfg.read_text()) == (laid_out.profile == OURS)
