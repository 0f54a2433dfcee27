"""Charts as inline SVG: no script, no font and no address outside the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pygal
from pygal.style import Style

from retail.money import rupees

_INK, _MUTED, _LINE = "#1f2a37", "#5b6675", "#e3e8ef"
PALETTE = ("#2454a6", "#e07a3f", "#3a8f78", "#8a5bb0", "#c2a83e")
_STYLE = Style(
    background="transparent",
    plot_background="transparent",
    foreground=_MUTED,
    foreground_strong=_INK,
    foreground_subtle=_LINE,
    guide_stroke_color=_LINE,
    major_guide_stroke_color=_LINE,
    guide_stroke_dasharray="",
    major_guide_stroke_dasharray="",
    opacity=".85",
    opacity_hover=".95",
    colors=PALETTE,
    font_family="system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
    label_font_size=13,
    major_label_font_size=13,
    legend_font_size=13,
    value_font_size=12,
    value_label_font_size=12,
    transition="0s",
)
# pygal writes a script and its own address into every chart; neither belongs on the page.
_SURPLUS = re.compile(r"<script.*?</script>|<!--.*?-->", re.DOTALL)
# Pixels, as the page shows them: a whole row, and half of one.
_WIDE, _HALF = 920, 450


def _options(height: int, width: int = _WIDE, **more: Any) -> dict[str, Any]:
    return {
        "style": _STYLE,
        "js": [],
        "truncate_label": -1,
        "width": width,
        "height": height,
        "margin": 8,
        "show_legend": False,
        "explicit_size": False,
        "disable_xml_declaration": True,
        "classes": [],
        **more,
    }


def _svg(chart: Any, name: str) -> str:
    # The id scopes the chart's style sheet; a random one would make every report differ.
    chart.uuid = f"chart-{name}"
    text: str = chart.render(is_unicode=True)
    return _SURPLUS.sub("", text)


def line(name: str, labels: Sequence[str], values: Sequence[float], *, major: Sequence[str], height: int = 300) -> str:
    """Money over time, filled down to zero; only *major* labels are written."""
    chart = pygal.Line(
        **_options(height, fill=True, show_dots=False, stroke_style={"width": 2}),
        x_labels=labels,
        x_labels_major=major,
        show_minor_x_labels=False,
        value_formatter=rupees,
        range=(0, max(values, default=1) * 1.05),
    )
    chart.add(name, list(values))
    return _svg(chart, name)


def score_line(name: str, labels: Sequence[str], values: Sequence[float], threshold: float) -> str:
    """Quality scores, run by run, over their threshold."""
    low = min([*values, threshold]) - 2
    chart = pygal.Line(
        **_options(240, show_legend=True, legend_at_bottom=True, dots_size=4, stroke_style={"width": 2}),
        x_labels=labels,
        range=(max(0, low), 100),
        value_formatter=lambda value: f"{value:.1f}",
    )
    chart.add("score", list(values))
    chart.add("threshold", [threshold] * len(values), show_dots=False, stroke_style={"dasharray": "6, 6"})
    return _svg(chart, name)


def bars(name: str, labels: Sequence[str], values: Sequence[float], *, height: int = 430) -> str:
    """Money by a few names, upright."""
    chart = pygal.Bar(
        **_options(height, _HALF, print_values=True, print_values_position="top", rounded_bars=3, show_y_labels=False),
        x_labels=labels,
        value_formatter=rupees,
        range=(0, max(values, default=1) * 1.12),
    )
    chart.add(name, list(values))
    return _svg(chart, name)


def sideways(name: str, labels: Sequence[str], values: Sequence[float], *, height: int = 380) -> str:
    """Money by many names, lying; the first label is on top."""
    chart = pygal.HorizontalBar(
        **_options(height, print_values=True, print_values_position="top", rounded_bars=3, show_x_labels=False),
        x_labels=list(reversed(labels)),
        value_formatter=rupees,
        range=(0, max(values, default=1) * 1.15),
    )
    chart.add(name, list(reversed(values)))
    return _svg(chart, name)


def ring(name: str, parts: Sequence[tuple[str, float]], *, height: int = 300) -> str:
    """Shares of a whole."""
    chart = pygal.Pie(
        **_options(height, _HALF, inner_radius=0.55, show_legend=True, legend_box_size=14), value_formatter=rupees
    )
    for label, value in parts:
        chart.add(label, value)
    return _svg(chart, name)
