"""Draw every dashboard's panels into one HTML page, from their own JSON and live queries.

For machines without Grafana. The page is self-contained: pictures are SVG inside it, and it loads nothing.
"""

from __future__ import annotations

import html
import json
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airfleet.observe.boards.drawing import line_chart
from airfleet.observe.boards.query import PrometheusClient, QueryError
from airfleet.observe.boards.units import human

# A panel with more series than this is unreadable.
MAX_SERIES = 12
POINTS = 120
# Grafana's own rule for $__rate_interval: four scrapes and more, so that a rate has enough points.
RATE_INTERVAL_S = 60

_STYLE = """
body{font-family:system-ui,sans-serif;margin:1.5rem;background:#f6f7f9;color:#1d2129}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
.board{display:grid;grid-template-columns:repeat(auto-fill,minmax(24rem,1fr));gap:1rem}
figure{margin:0;background:#fff;border:1px solid #dfe3e8;border-radius:6px;padding:.8rem;overflow:auto}
figcaption b{display:block}figcaption{font-size:.8rem;color:#57606a;margin-bottom:.5rem}
table{border-collapse:collapse;font-size:.8rem;width:100%}td,th{text-align:left;padding:.15rem .4rem;
border-bottom:1px solid #eef0f2}td:last-child{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.big{display:flex;flex-wrap:wrap;gap:1rem}.big div{font-size:.75rem;color:#57606a}.big b{font-size:1.3rem;color:#1d2129;
display:block}.none{color:#8c959f;font-size:.72rem}.key{display:inline-block;margin-right:.8em}.bad{color:#b42318}
"""


@dataclass
class Drawn:
    """The result: number of panels drawn, those without data, and those whose query failed and why."""

    panels: int = 0
    empty: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def fill(expression: str, *, seconds: int) -> str:
    """Return *expression* with Grafana's variables filled in: all Dags, tasks, queues and workers."""
    for name, value in (("$__rate_interval", f"{RATE_INTERVAL_S}s"), ("$__range", f"{seconds}s")):
        expression = expression.replace(name, value)
    for name in ("dag", "task", "queue", "worker"):
        expression = expression.replace(f'"${name}"', '".*"')
    return expression


def write(target: Path, boards: Iterable[Path], prometheus: PrometheusClient, *, minutes: int = 60) -> Drawn:
    """Draw the *boards* (dashboard JSON files) over the last *minutes* into *target*.

    A panel whose query fails or finds nothing says so in its place. Raises QueryError when Prometheus does not answer.
    """
    prometheus.instant("1")
    drawn = Drawn()
    end = time.time()
    parts = []
    for board in sorted((json.loads(path.read_text()) for path in boards), key=lambda one: str(one["title"])):
        figures = "".join(_figure(panel, prometheus, end, minutes * 60, drawn) for panel in board["panels"])
        parts.append(f"<h2>{html.escape(board['title'])}</h2><div class=board>{figures}</div>")
    when = datetime.fromtimestamp(end, UTC).strftime("%Y-%m-%d %H:%M UTC")
    target.write_text(
        f"<!doctype html><meta charset=utf-8><title>airfleet dashboards</title><style>{_STYLE}</style>"
        f"<h1>airfleet dashboards</h1><p>The last {minutes} minutes before {when}, drawn from the same dashboard files "
        "and queries that Grafana shows. A still picture, made by <code>./airfleet dashboards</code>; it is not "
        f"Grafana and does not refresh.</p>{''.join(parts)}"
    )
    return drawn


def _figure(panel: dict[str, Any], prometheus: PrometheusClient, end: float, seconds: int, drawn: Drawn) -> str:
    title, drawn.panels = panel["title"], drawn.panels + 1
    unit = panel["fieldConfig"]["defaults"].get("unit", "short")
    if any("rawSql" in target for target in panel["targets"]):
        body = "<p class=none>From the metadata database: shown in Grafana only.</p>"
    else:
        try:
            body = _body(panel, unit, prometheus, end, seconds)
        except QueryError as error:
            drawn.failed.append(title)
            body = f"<p class=bad>{html.escape(str(error))}</p>"
        if not body:
            drawn.empty.append(title)
            body = "<p class=none>No data in this time.</p>"
    caption = f"<b>{html.escape(title)}</b>{html.escape(panel['description'])}"
    return f"<figure><figcaption>{caption}</figcaption>{body}</figure>"


def _body(panel: dict[str, Any], unit: str, prometheus: PrometheusClient, end: float, seconds: int) -> str:
    targets = [(fill(one["expr"], seconds=seconds), one.get("legendFormat", "")) for one in panel["targets"]]
    if panel["type"] in {"table", "stat"}:
        found = [
            (_name(series["metric"], legend), float(series["value"][1]))
            for expression, legend in targets
            for series in prometheus.instant(expression)
            if "value" in series
        ]
        return (_stats if panel["type"] == "stat" else _table)(found, unit)
    step = max(seconds / POINTS, 5)
    lines: list[tuple[str, list[tuple[float, float]]]] = []
    for expression, legend in targets:
        for series in prometheus.range(expression, start=end - seconds, end=end, step=step):
            lines += _points(series, legend)
    lines = [line for line in lines if line[1]]
    lines.sort(key=lambda line: -max(value for _, value in line[1]))
    more = len(lines) - MAX_SERIES
    note = f"<p class=none>and {more} more</p>" if more > 0 else ""
    return line_chart(lines[:MAX_SERIES], start=end - seconds, end=end, unit=unit) + note if lines else ""


def _points(series: dict[str, Any], legend: str) -> list[tuple[str, list[tuple[float, float]]]]:
    name = _name(series["metric"], legend)
    if "histograms" in series:
        # A line chart cannot show a heatmap, so it shows the mean of the tries and their number.
        means = [
            (float(at), float(one["sum"]) / float(one["count"]))
            for at, one in series["histograms"]
            if float(one["count"])
        ]
        return [(f"{name}: mean", means)]
    points = [(float(at), float(value)) for at, value in series["values"]]
    return [(name, [point for point in points if math.isfinite(point[1])])]


def _name(labels: dict[str, str], legend: str) -> str:
    if not legend:
        return ", ".join(value for key, value in sorted(labels.items()) if key != "__name__") or "value"
    for key, value in labels.items():
        legend = legend.replace("{{" + key + "}}", value)
    # A label that this series lacks.
    return " ".join(part for part in legend.split() if not part.startswith("{{")) or "value"


def _table(found: list[tuple[str, float]], unit: str) -> str:
    if not found:
        return ""
    cells = "".join(f"<tr><td>{html.escape(name)}<td>{human(value, unit)}" for name, value in found[: 2 * MAX_SERIES])
    return f"<table>{cells}</table>"


def _stats(found: list[tuple[str, float]], unit: str) -> str:
    if not found:
        return ""
    cells = "".join(
        f"<div><b>{human(value, unit)}</b>{html.escape(name)}</div>" for name, value in found[: 2 * MAX_SERIES]
    )
    return f"<div class=big>{cells}</div>"
