"""What a rotation would do, before anything is done."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from airfleet.config import env_file, settings
from airfleet.config.env_file import GENERATORS
from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.operate.rotate import kept, plan
from airfleet.operate.rotate.plan import Plan
from airfleet.stack.embedded.instances import instances
from airfleet.stack.embedded.stack import EmbeddedStack


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EmbeddedStack:
    """A stack of which everything seems to run."""
    env_file.fill(tmp_path / ".env", Paths().env_example)
    made = EmbeddedStack(settings.load(tmp_path / ".env"), Paths(tmp_path))
    names = ["postgres", "redis", "airfleet-exporter", "alertmanager", "grafana"]
    names += [i.name for i in instances(made.settings, made.paths, made.counts())]
    counts = made.counts()
    monkeypatch.setattr(made.manager, "states", lambda: [SimpleNamespace(name=name, pid=1) for name in names])
    monkeypatch.setattr(made, "counts", lambda: counts)
    return made


def planned(stack: EmbeddedStack, *keys: str) -> Plan:
    values = {key: GENERATORS[key]() for key in keys}
    return plan.make(stack, keys, plan.with_values(stack.settings, values))


@pytest.mark.parametrize(
    ("key", "restarted"),
    [
        ("POSTGRES_PASSWORD", set()),
        ("WAREHOUSE_READER_PASSWORD", set()),
        ("FLOWER_PASSWORD", {"flower"}),
        ("ADMIN_PASSWORD", {"grafana"}),
        ("JWT_SECRET", {"airflow-webserver", "airflow-scheduler-1"}),
        ("SESSION_KEY", {"airflow-webserver"}),
        ("REDIS_MONITORING_PASSWORD", {"redis", "airfleet-exporter"}),
        ("MONITORING_READER_PASSWORD", {"airfleet-exporter", "grafana"}),
        ("WAREHOUSE_LOADER_PASSWORD", {"airflow-worker-1", "airflow-worker-2"}),
        (
            "METADATA_PASSWORD",
            {"airflow-webserver", "airflow-scheduler-1", "airflow-dag-processor", "airflow-triggerer"},
        ),
        (
            "REDIS_PASSWORD",
            {"redis", "airflow-worker-1", "airflow-worker-2", "airflow-scheduler-1", "flower", "airfleet-exporter"},
        ),
    ],
)
def test_a_secret_restarts_those_to_whom_it_is_given(stack: EmbeddedStack, key: str, restarted: set[str]) -> None:
    assert planned(stack, key).restarts == {name: [key] for name in restarted}


def test_tasks_are_waited_for_when_they_hold_what_is_replaced(stack: EmbeddedStack) -> None:
    concerns = {key for key in GENERATORS if planned(stack, key).concerns_tasks}
    assert concerns == {
        "JWT_SECRET",
        "FERNET_KEY",
        "API_SECRET_KEY",
        "REDIS_PASSWORD",
        "RESULTS_PASSWORD",
        "WAREHOUSE_LOADER_PASSWORD",
        "MAIL_CATCHER_PASSWORD",
    }


def test_every_secret_of_others_is_named_and_none_of_ours_is_forgotten(stack: EmbeddedStack) -> None:
    secrets = {key.upper() for key, field in settings.Settings.model_fields.items() if "Secret" in str(field)}
    assert secrets == {*GENERATORS, *plan.OUTSIDE}
    given = stack.settings.model_copy(update={"worker_variables": {"AIRFLOW_CONN_SHOP": "x", "RETAIL_X": "1"}})
    given = plan.with_values(given, {"SMTP_PASSWORD": "theirs"})
    assert plan.left_alone(given) == ["SMTP_PASSWORD", "AIRFLOW_CONN_SHOP"]


def test_no_name_means_every_secret_and_another_name_is_refused() -> None:
    assert plan.keys_of([]) == list(GENERATORS)
    assert plan.keys_of(["JWT_SECRET"]) == ["JWT_SECRET"]
    with pytest.raises(AirfleetError, match="SMTP_PASSWORD belongs to a server outside"):
        plan.keys_of(["JWT_SECRET", "SMTP_PASSWORD"])


def test_the_earlier_file_is_kept_until_all_is_over_and_others_are_refused_meanwhile(stack: EmbeddedStack) -> None:
    paths = stack.paths
    before = paths.env_file.read_text()
    kept.refuse_unfinished(paths)
    kept.replace(paths, {"JWT_SECRET": "n" * 96})
    assert settings.load(paths.env_file).jwt_secret.get_secret_value() == "n" * 96
    assert kept.before(paths).read_text() == before
    assert kept.before(paths).stat().st_mode & 0o777 == 0o600
    changed = plan.changed(settings.load(kept.before(paths)), settings.load(paths.env_file))
    assert changed == {"JWT_SECRET"}
    with pytest.raises(AirfleetError, match=r"\./airfleet rotate completes it"):
        kept.refuse_unfinished(paths)
    kept.forget(paths)
    kept.refuse_unfinished(paths)
