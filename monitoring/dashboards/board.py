"""How a dashboard becomes Grafana's JSON: its variables, annotations, links and grid."""

from __future__ import annotations

import json

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DashboardLinkType, VariableRefresh

from dashboards.panels import COLUMNS, HEIGHT, PROMETHEUS, WIDTH, Board, build_panel

# Where the web UI is, as a person's browser reaches it; Grafana lets it be changed on the dashboard.
UI = "http://localhost:8080"

_VARIABLES = {
    "dag": ("Dag", "label_values(airflow_dag_sla_declared, dag_id)"),
    "task": ("Task", 'label_values(airflow_task_duration_seconds{dag_id=~"$dag"}, task_id)'),
    "queue": ("Queue", "label_values(airflow_queue_consumers, queue)"),
    "worker": ("Worker", "label_values(flower_worker_online, worker)"),
}

_ANNOTATIONS = (
    ("Alerts", "red", 'ALERTS{alertstate="firing"}'),
    ("Scaling", "blue", "changes(airflow_workers[1m]) > 0"),
)


def to_json(board: Board) -> str:
    """Return the dashboard file's text."""
    one = (
        builders.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags(["airfleet"])
        .refresh("15s")
        .time("now-6h", "now")
        .timezone("browser")
        .readonly()
        .link(_other_boards())
        .with_variable(builders.TextBoxVariable("ui").label("Web UI").default_value(UI))
    )
    for name in board.variables:
        one.with_variable(_variable(name))
    for name, color, expression in _ANNOTATIONS:
        query = builders.AnnotationQuery().name(name).datasource(PROMETHEUS).expr(expression).icon_color(color)
        one.annotation(query.enable(True))
    x = y = 0
    for number, panel in enumerate(board.panels, start=1):
        width = COLUMNS if panel.wide else WIDTH
        if x + width > COLUMNS:
            x, y = 0, y + HEIGHT
        one.with_panel(build_panel(panel, number, x, y))
        x += width
    return json.dumps(json.loads(JSONEncoder().encode(one.build())), indent=1, sort_keys=True) + "\n"


def _variable(name: str) -> builders.QueryVariable:
    label, query = _VARIABLES[name]
    return (
        builders.QueryVariable(name)
        .label(label)
        .query(query)
        .datasource(PROMETHEUS)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
    )


def _other_boards() -> builders.DashboardLink:
    link = builders.DashboardLink("Dashboards").type(DashboardLinkType.DASHBOARDS)
    link.tags(["airfleet"]).as_dropdown(True).keep_time(True)
    return link.include_vars(True)
