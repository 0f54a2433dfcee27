"""Alerts fire when they should, name what to do, and reach who should know."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from airfleet.metrics import database, statsd
from airfleet.observe.servers import alertmanager_init, build, prometheus_config
from airfleet.observe.servers.alertmanager_config import Receivers, configuration, render

REPO = Path(__file__).parents[2]
RULES = REPO / "monitoring/prometheus/rules"
RUNBOOK = (REPO / "monitoring/runbook.md").read_text()
Binary = Callable[[build.Program], Path]

ALERTS: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for group in yaml.safe_load((RULES / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
}
RECORDED = {
    rule["record"]
    for group in yaml.safe_load((RULES / "recording.yml").read_text())["groups"]
    for rule in group["rules"]
}
ON = Receivers(
    pagerduty_key_file=Path("/run/secrets/pagerduty"),
    slack_url_file=Path("/run/secrets/slack"),
    mail_to="team@example.com",
    mail_from="airfleet@example.com",
    mail_smarthost="mail.example.com:587",
)


def run(*command: str) -> str:
    """Run a checker and return what it says; fail with all of it when it objects."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_rules_and_configuration_pass_promtools_checks(program: Binary) -> None:
    promtool = str(program(build.PROMTOOL))
    run(promtool, "check", "rules", "--lint=all", "--lint-fatal", *map(str, sorted(RULES.glob("*.yml"))))
    run(promtool, "check", "config", "--syntax-only", str(REPO / "monitoring/prometheus/prometheus.yml"))


def test_every_alert_is_silent_just_before_its_for_and_fires_at_it(program: Binary) -> None:
    run(str(program(build.PROMTOOL)), "test", "rules", str(REPO / "monitoring/prometheus/tests/alerts_test.yml"))


def test_what_must_not_fire_an_alert_does_not(program: Binary) -> None:
    run(str(program(build.PROMTOOL)), "test", "rules", str(REPO / "monitoring/prometheus/tests/silence_test.yml"))


def test_every_alert_on_a_counter_has_a_case_of_its_reset() -> None:
    cases = yaml.safe_load((REPO / "monitoring/prometheus/tests/silence_test.yml").read_text())["tests"]
    reset = {case["name"].split(":")[0] for case in cases if "again at 0" in case["name"]}
    assert {name for name, rule in ALERTS.items() if "increase(" in rule["expr"]} <= reset


def test_every_alert_has_a_case_that_sees_it_silent_and_firing() -> None:
    cases = yaml.safe_load((REPO / "monitoring/prometheus/tests/alerts_test.yml").read_text())["tests"]
    seen = {
        case["name"].split(":")[0]: [one["exp_samples"][0]["value"] for one in case["promql_expr_test"]]
        for case in cases
    }
    assert seen == {name: [0, 1] for name in ALERTS}


def test_the_committed_configuration_is_what_the_module_writes() -> None:
    committed = (REPO / "monitoring/prometheus/prometheus.yml").read_text()
    assert committed == prometheus_config.compose(), "run `python -m airfleet.observe.servers.prometheus_config`"


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_an_alert_says_how_bad_it_is_and_its_runbook_section_says_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in {"page", "ticket", "warning"}
    assert rule["annotations"]["runbook_url"] == f"{{{{ $externalLabels.runbooks }}}}#{name.lower()}"
    section = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    assert section, f"no section for {name}"
    for part in ("**Means.**", "**First.**", "**Fix.**", "**Over when.**"):
        assert part in section[1], f"{name} lacks {part}"


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_an_alert_names_a_panel_that_exists(name: str) -> None:
    notes = ALERTS[name]["annotations"]
    board = json.loads((REPO / f"monitoring/grafana/dashboards/{notes['__dashboardUid__']}.json").read_text())
    panels = [panel for one in board["panels"] for panel in (one, *one.get("panels", ()))]
    assert notes["panel"] in [panel["title"] for panel in panels if str(panel["id"]) == notes["__panelId__"]]


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_a_number_in_an_alert_is_whole_or_has_its_unit(name: str) -> None:
    for text in ALERTS[name]["annotations"].values():
        for shown in re.findall(r"{{ (\$value.*?) }}", text):
            assert shown in {
                "$value | printf `%.0f`",
                "$value | humanizeDuration",
                "$value | humanizePercentage",
            }


@pytest.mark.parametrize("path", sorted(RULES.glob("*.yml")), ids=lambda path: path.stem)
def test_rules_name_only_metrics_that_are_declared_or_recorded(path: Path) -> None:
    known = {*statsd.all_metrics(), *database.all_metrics(), *RECORDED}
    foreign = {"up", "scrape_samples_post_metric_relabeling"}
    expressions = [rule["expr"] for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]
    named = {name for one in expressions for name in re.findall(r"\b(?:airflow|airfleet)[_:][a-z0-9_:]+", one)}
    assert named - known - foreign == set()


def test_every_cause_and_effect_of_the_inhibitions_is_an_alert() -> None:
    rules = configuration(ON)["inhibit_rules"]
    named = {
        name
        for rule in rules
        for matcher in (*rule["source_matchers"], *rule["target_matchers"])
        for name in matcher.split('"')[1].split("|")
    }
    assert named <= set(ALERTS)


@pytest.mark.parametrize(
    ("receivers", "routes"),
    [
        (ON, {"page": "page", "ticket": "ticket", "warning": "warning"}),
        (Receivers(), {"page": "nobody", "ticket": "nobody", "warning": "nobody"}),
        (
            Receivers(mail_to="a@b", mail_from="a@b", mail_smarthost="m:25"),
            {"page": "warning", "ticket": "warning", "warning": "warning"},
        ),
        (Receivers(slack_url_file=Path("/x")), {"page": "ticket", "ticket": "ticket", "warning": "ticket"}),
        (Receivers(pagerduty_key_file=Path("/x")), {"page": "page", "ticket": "page", "warning": "nobody"}),
    ],
    ids=["all on", "all off", "mail only", "slack only", "pagerduty only"],
)
def test_each_severity_goes_to_its_receiver_or_the_nearest_that_is_on(
    program: Binary, tmp_path: Path, receivers: Receivers, routes: dict[str, str]
) -> None:
    amtool, config = str(program(build.AMTOOL)), tmp_path / "alertmanager.yml"
    config.write_text(render(receivers))
    run(amtool, "check-config", str(config))
    for severity, receiver in routes.items():
        run(
            amtool, "config", "routes", "test", f"--config.file={config}", f"--verify.receivers={receiver}",
            f"severity={severity}", "alertname=Any",
        )  # fmt: skip


def test_the_configuration_holds_no_secret(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("s3cret")
    text = render(Receivers(pagerduty_key_file=secret, slack_url_file=secret))
    assert "s3cret" not in text


def test_the_written_configuration_keeps_each_secret_in_a_file_of_its_own(tmp_path: Path) -> None:
    keys = {
        "PAGERDUTY_ROUTING_KEY": "pd-s3cret",
        "SLACK_WEBHOOK_URL": "https://hooks.example.com/s3cret",
        "SMTP_HOST": "mail.example.com",
        "SMTP_USER": "me",
        "SMTP_PASSWORD": "mail-s3cret",
        "MAIL_TO": "team@example.com",
        "MAIL_FROM": "airfleet@example.com",
    }
    config = alertmanager_init.write(tmp_path, keys)
    assert "s3cret" not in config.read_text()
    secrets = [path for path in tmp_path.iterdir() if path != config]
    assert {path.stat().st_mode & 0o777 for path in secrets} == {0o600}
    assert {path.read_text() for path in secrets} == {value for value in keys.values() if "s3cret" in value}
    names = [one["name"] for one in yaml.safe_load(config.read_text())["receivers"]]
    assert names == ["nobody", "warning", "ticket", "page"]

    alertmanager_init.write(tmp_path, {})
    assert [path.name for path in tmp_path.iterdir()] == [alertmanager_init.CONFIG]
    assert [one["name"] for one in yaml.safe_load(config.read_text())["receivers"]] == ["nobody"]
