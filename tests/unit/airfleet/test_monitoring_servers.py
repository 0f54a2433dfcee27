"""What watches the embedded stack is what is built, where .env says, and restarts when what it reads changes."""

import os
import shlex
from pathlib import Path

import pytest
import yaml

from airfleet.config import env_file, settings
from airfleet.config.paths import ROOT, Paths
from airfleet.config.settings import Settings
from airfleet.observe.servers import build
from airfleet.stack.embedded import monitoring_servers as monitoring
from airfleet.stack.embedded.instances import instances
from airfleet.stack.roles import WORKER


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A checkout without programs on a machine without Grafana."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    root = tmp_path / "air fleet"
    for name in ("statsd/mapping.yml", "prometheus/rules/alerts.yml"):
        (root / "monitoring" / name).parent.mkdir(parents=True)
        (root / "monitoring" / name).write_text("rules")
    return Paths(root)


@pytest.fixture
def given(tmp_path: Path) -> Settings:
    env_file.fill(tmp_path / ".env", Paths().env_example)
    return settings.load(tmp_path / ".env")


def put(*programs: build.Program) -> None:
    """Pretend that *programs* are built."""
    build.default_cache().mkdir(parents=True, exist_ok=True)
    for program in programs:
        (build.default_cache() / program.file_name).touch()


def names(found: list[monitoring.MonitoringServer]) -> list[str]:
    return [each.name for each in found]


def test_only_what_is_built_is_started_and_the_statsd_filter_comes_first(given: Settings, paths: Paths) -> None:
    assert monitoring.prepare(given, paths) == []
    put(build.STATSD_EXPORTER)
    assert names(monitoring.prepare(given, paths)) == ["statsd-filter", "statsd-exporter"]
    put(build.PROMETHEUS, build.ALERTMANAGER)
    assert names(monitoring.prepare(given, paths)) == list(monitoring.NAMES[:5])


def test_switched_off_nothing_watches_and_the_roles_send_nothing(given: Settings, paths: Paths) -> None:
    put(*build.RUNTIME)
    off = given.model_copy(update={"monitoring": False})
    assert monitoring.prepare(off, paths) == []
    for switched, said in ((given, "True"), (off, "False")):
        worker = next(i for i in instances(switched, paths, {}) if i.role is WORKER)
        assert worker.environment["AIRFLOW__METRICS__STATSD_ON"] == said


def test_the_roles_send_where_the_statsd_filter_listens_and_it_to_statsd_exporter(
    given: Settings, paths: Paths
) -> None:
    put(build.STATSD_EXPORTER)
    passing, exporter = monitoring.prepare(given, paths)
    *_, listens, target = shlex.split(passing.command)
    assert f"--statsd.listen-unixgram={target}" in shlex.split(exporter.command)
    for instance in instances(given, paths, {}):
        if instance.role.runs_airflow:
            host = instance.environment["AIRFLOW__METRICS__STATSD_HOST"]
            port = instance.environment["AIRFLOW__METRICS__STATSD_PORT"]
            assert listens == f"{host}:{port}"


def test_prometheus_asks_every_job_and_keeps_its_series_as_env_says(given: Settings, paths: Paths) -> None:
    put(*build.RUNTIME)
    kept = given.model_copy(update={"prometheus_retention": "9d", "prometheus_retention_size": "3GB"})
    prometheus = next(each for each in monitoring.prepare(kept, paths) if each.name == monitoring.PROMETHEUS)
    command = shlex.split(prometheus.command)
    assert {"--storage.tsdb.retention.time=9d", "--storage.tsdb.retention.size=3GB"} <= set(command)
    config = next(part.split("=", 1)[1] for part in command if part.startswith("--config.file="))
    written = yaml.safe_load(Path(config).read_text())
    committed = yaml.safe_load((ROOT / "monitoring/prometheus/prometheus.yml").read_text())
    assert written["global"].pop("external_labels") == {"runbooks": "monitoring/runbook.md"}
    assert committed["global"].pop("external_labels") == {"runbooks": "${RUNBOOK_URL}"}
    behind_login = set()
    for one in (written, committed):
        one.pop("rule_files")
        (alertmanager,) = one.pop("alerting")["alertmanagers"]
        for asked in (alertmanager, *one["scrape_configs"]):
            asked.pop("static_configs")
            if login := asked.pop("basic_auth", None):
                behind_login.add(asked.get("job_name", "alerting"))
                assert [Path(path).name for path in login.values()] == ["user", "password"]
    assert behind_login == {"prometheus", "alertmanager", "alerting"}
    assert written == committed


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        (monitoring.STATSD_EXPORTER, "monitoring/statsd/mapping.yml"),
        (monitoring.PROMETHEUS, "monitoring/prometheus/rules/alerts.yml"),
    ],
)
def test_a_changed_file_restarts_who_reads_it_and_nobody_else(
    given: Settings, paths: Paths, name: str, changed: str
) -> None:
    put(*build.RUNTIME)
    before = monitoring.prepare(given, paths)
    assert monitoring.prepare(given, paths) == before
    (paths.root / changed).write_text("other rules")
    after = monitoring.prepare(given, paths)
    assert [a.name for a, b in zip(after, before, strict=True) if a != b] == [name]


def test_a_receiver_that_is_switched_on_restarts_alertmanager(given: Settings, paths: Paths) -> None:
    put(*build.RUNTIME)
    before = monitoring.prepare(given, paths)
    slack = given.model_copy(update={"slack_webhook_url": settings.SecretStr("https://hooks.example.org/x")})
    after = monitoring.prepare(slack, paths)
    assert [a.name for a, b in zip(after, before, strict=True) if a != b] == [monitoring.ALERTMANAGER]
    assert "slack_configs" in (paths.monitoring / "alertmanager" / "alertmanager.yml").read_text()


def test_no_secret_stands_on_a_command_line(given: Settings, paths: Paths) -> None:
    put(*build.RUNTIME)
    commands = " ".join(each.command for each in monitoring.prepare(given, paths))
    assert not [secret for secret in given.secrets() if secret in commands]


def test_grafana_is_started_where_its_program_is_with_composes_own_configuration(
    given: Settings, paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "grafana home" / "bin" / "grafana"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (program.parents[1] / "conf").mkdir()
    (program.parents[1] / "conf" / "defaults.ini").touch()
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}/usr/bin")
    (grafana,) = monitoring.prepare(given, paths)
    assert shlex.split(grafana.command) == [str(program), "server", "--homepath", str(program.parents[1])]
    compose = yaml.safe_load((ROOT / "docker-compose.monitoring.yml").read_text())["services"]["grafana"]["environment"]
    own = {key for key in grafana.environment if key.startswith(("GF_SERVER_", "GF_PATHS_"))}
    assert grafana.environment.keys() - own == compose.keys()
    same = {key for key in compose if key.startswith(("GF_AUTH", "GF_USERS", "GF_ANALYTICS"))}
    assert {key: grafana.environment[key] for key in same} == {key: compose[key] for key in same}
    assert grafana.environment["GF_SECURITY_ADMIN_PASSWORD"] == given.admin_password.get_secret_value()


def test_the_exporter_and_alertmanager_are_told_the_same_things_as_under_compose(given: Settings, paths: Paths) -> None:
    put(*build.RUNTIME)
    services = yaml.safe_load((ROOT / "docker-compose.monitoring.yml").read_text())["services"]
    exporter = next(each for each in monitoring.prepare(given, paths) if each.name == monitoring.EXPORTER)
    told = {key for key in exporter.environment if key.startswith("EXPORTER_")} - {"EXPORTER_DISKS"}
    assert told == services["airfleet-exporter"]["environment"].keys()
    told = monitoring.alertmanager_variables(given).keys() | {"MONITORING_USER", "MONITORING_PASSWORD"}
    assert told == services["alertmanager-init"]["environment"].keys()


def test_the_password_of_prometheus_and_alertmanager_is_in_files_of_who_shows_it_and_a_hash_elsewhere(
    given: Settings, paths: Paths
) -> None:
    put(*build.RUNTIME)
    monitoring.prepare(given, paths)
    password = given.monitoring_password.get_secret_value()
    files = [path for path in paths.monitoring.rglob("*") if path.is_file()]
    assert [path.name for path in files if password in path.read_text()] == ["password"]
    guards = [path for path in files if path.name == "web.yml"]
    assert {path.relative_to(paths.monitoring).parts[0] for path in guards} == {"prometheus", "alertmanager"}
    secret = [path for path in files if path.name in ("web.yml", "user", "password", "smtp-password")]
    assert {path.stat().st_mode & 0o777 for path in secret} == {0o600}
    assert not [each.name for each in monitoring.prepare(given, paths) if password in str(each)]


def test_a_new_login_restarts_nobody_as_its_files_are_read_at_each_request(given: Settings, paths: Paths) -> None:
    put(*build.RUNTIME)
    before = monitoring.prepare(given, paths)
    other = given.model_copy(update={"monitoring_password": settings.SecretStr("another-long-one")})
    assert monitoring.prepare(other, paths) == before
    assert (paths.monitoring / "prometheus" / "login" / "password").read_text() == "another-long-one"
