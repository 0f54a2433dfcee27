"""Panels, and their Grafana JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import heatmap, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders.common import GraphThresholdsStyleConfig, ReduceDataOptions
from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.common import GraphTresholdsStyleMode  # the name as it is published
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

PROMETHEUS = models.DataSourceRef(type_val="prometheus", uid="airfleet-prometheus")
POSTGRES = models.DataSourceRef(type_val="grafana-postgresql-datasource", uid="airfleet-metadata")

# Grafana's grid has 24 columns; three panels stand beside each other.
WIDTH, HEIGHT, COLUMNS = 8, 8, 24


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One panel: PromQL *queries* with their legends, or one *sql* query of the metadata database.

    *kind* is series, stat, table or heatmap; *bad_above* and *bad_below* draw a threshold where a value means
    something.
    """

    title: str
    unit: str
    description: str
    queries: tuple[tuple[str, str], ...] = ()
    sql: str = ""
    kind: str = "series"
    bad_above: float | None = None
    bad_below: float | None = None
    wide: bool = False
    link: tuple[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Board:
    """One dashboard."""

    uid: str
    title: str
    description: str
    panels: tuple[Panel, ...]
    variables: tuple[str, ...] = field(default=())


@dataclass
class SqlQuery(variants.Dataquery):
    """A table from the metadata database, as the read-only role."""

    sql: str

    def build(self) -> SqlQuery:
        """Return itself: Grafana's SDK asks every query to build."""
        return self

    def to_json(self) -> dict[str, object]:
        """Return what Grafana's Postgres data source reads."""
        reference = {"type": POSTGRES.type_val, "uid": POSTGRES.uid}
        return {"refId": "A", "format": "table", "rawQuery": True, "rawSql": self.sql, "datasource": reference}


_BUILDERS: dict[str, Any] = {
    "series": timeseries.Panel,
    "stat": stat.Panel,
    "table": table.Panel,
    "heatmap": heatmap.Panel,
}


def build_panel(panel: Panel, number: int, x: int, y: int) -> Any:
    """Return the SDK's builder of *panel* at the grid's *x* and *y*."""
    width = COLUMNS if panel.wide else WIDTH
    one = _BUILDERS[panel.kind]()
    one.id(number).title(panel.title).description(panel.description)
    one.unit(panel.unit).grid_pos(models.GridPos(h=HEIGHT, w=width, x=x, y=y))
    one.datasource(POSTGRES if panel.sql else PROMETHEUS)
    if panel.sql:
        one.with_target(SqlQuery(panel.sql))
    for letter, (expression, legend) in zip("ABCDEFGH", panel.queries, strict=False):
        one.with_target(_query(panel, expression, legend, letter))
    if panel.kind == "stat":
        one.reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
    _thresholds(one, panel)
    if panel.link:
        title, url = panel.link
        one.data_links([builders.DashboardLink(title).url(url).target_blank(True)])
    return one


def _query(panel: Panel, expression: str, legend: str, letter: str) -> prometheus.Dataquery:
    query = prometheus.Dataquery().expr(expression).legend_format(legend).ref_id(letter).datasource(PROMETHEUS)
    if panel.kind == "table":
        return query.instant().format(PromQueryFormat.TABLE)
    if panel.kind == "heatmap":
        return query.range().format(PromQueryFormat.HEATMAP)
    return query.range()


def _thresholds(one: Any, panel: Panel) -> None:
    if panel.bad_above is not None:
        steps = [("green", None), ("red", panel.bad_above)]
    elif panel.bad_below is not None:
        steps = [("red", None), ("green", panel.bad_below)]
    else:
        return
    made = [models.Threshold(color=color, value=value) for color, value in steps]
    one.thresholds(builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(made))
    if panel.kind == "series":
        one.thresholds_style(GraphThresholdsStyleConfig().mode(GraphTresholdsStyleMode.DASHED))
