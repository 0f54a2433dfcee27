"""The committed dashboards are what the code writes, and tell their reader what each panel shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.time_filter import fill_sql

from airfleet.metrics import database, statsd
from airfleet.observe.boards.html_page import fill

REPO = Path(__file__).parents[2]
FOLDER = REPO / "monitoring/grafana/dashboards"
BOARDS = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
PANELS = [pytest.param(panel, id=f"{uid}: {panel['title']}") for uid, b in BOARDS.items() for panel in b["panels"]]
SOURCES = yaml.safe_load((REPO / "monitoring/grafana/provisioning/datasources/sources.yml").read_text())["datasources"]


def test_the_committed_dashboards_are_what_the_code_writes() -> None:
    path = os.pathsep.join(str(REPO / part) for part in ("src", "monitoring"))
    command = [sys.executable, "-P", "-m", "dashboards", "--check"]
    done = subprocess.run(command, env={"PYTHONPATH": path}, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_has_a_title_a_unit_and_a_sentence_about_it(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["description"].endswith(".")
    assert panel["targets"]


@pytest.mark.parametrize("panel", PANELS)
def test_a_panels_data_source_is_provisioned(panel: dict[str, Any]) -> None:
    known = {(source["type"], source["uid"]) for source in SOURCES}
    for one in (panel["datasource"], *(target["datasource"] for target in panel["targets"])):
        assert (one["type"], one["uid"]) in known


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_asks_for_declared_metrics_only_and_for_no_unknown_variable(panel: dict[str, Any]) -> None:
    rules = yaml.safe_load((REPO / "monitoring/prometheus/rules/recording.yml").read_text())["groups"]
    known = {*statsd.all_metrics(), *database.all_metrics(), *(rule["record"] for g in rules for rule in g["rules"])}
    for target in panel["targets"]:
        expression = target.get("expr", "")
        named = set(re.findall(r"\b(?:airflow|airfleet)[_:][a-z0-9_:]+", expression))
        assert named - known == set()
        assert "$" not in fill(expression, seconds=60)
        assert "$" not in fill_sql(target.get("rawSql", ""), seconds=60)


def test_every_board_names_its_panels_once_and_links_to_the_others() -> None:
    for board in BOARDS.values():
        titles = [panel["title"] for panel in board["panels"]]
        assert len(titles) == len(set(titles))
        assert [link["type"] for link in board["links"]] == ["dashboards"]
        assert {one["name"] for one in board["annotations"]["list"]} == {"Alerts", "Scaling"}
        assert board["uid"] in BOARDS


def test_no_two_panels_of_a_board_lie_on_each_other() -> None:
    for uid, board in BOARDS.items():
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            assert not cells & taken, f"{uid}: {panel['title']}"
            assert at["x"] + at["w"] <= 24
            taken |= cells


def test_every_declared_metric_is_on_a_board_or_in_a_rule() -> None:
    """A metric that nobody looks at is not worth its series."""
    shown = json.dumps(list(BOARDS.values())) + "".join(
        path.read_text() for path in (REPO / "monitoring/prometheus/rules").glob("*.yml")
    )
    unused = {name for name in (*statsd.all_metrics(), *database.all_metrics()) if not re.search(rf"{name}\b", shown)}
    assert unused <= UNSHOWN.keys()
    assert UNSHOWN.keys() <= unused


# Kept for who asks Prometheus, and shown nowhere.
UNSHOWN = {
    "airflow_task_failures_total": "failures of the scheduler's own hand, which ti.finish lacks",
    "airflow_dag_callback_exceptions_total": "a Dag's own callback; its log says more",
    "airflow_scheduler_critical_section_busy_total": "two schedulers at one lock",
    "airflow_dag_processing_loop_seconds": "the sum of what the parse times show by file",
    "airflow_api_dag_bag_lookups_total": "a cache of the webserver",
    "airfleet_source_failures_total": "how often, where Sources shows whether",
    "airfleet_redis_up": "same as Sources",
    "airfleet_postgres_up": "same as Sources",
}
