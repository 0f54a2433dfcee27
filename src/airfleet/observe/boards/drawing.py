"""A line chart as SVG text, without a library, for a page that loads nothing."""

from __future__ import annotations

import html
import math
from collections.abc import Callable
from datetime import UTC, datetime

from airfleet.observe.boards.units import human

WIDTH, HEIGHT = 420, 180
LEFT, RIGHT, TOP, BOTTOM = 58, 8, 8, 20
# Distinct for most kinds of colour blindness; the legend repeats the order.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5e3c99", "#8c564b")
GRID_LINES = 4
# A gap longer than this part of the time shown is a gap in the data, and no line crosses it.
GAP = 1 / 20

Scale = Callable[[float], float]
Line = tuple[str, list[tuple[float, float]]]


def line_chart(lines: list[Line], *, start: float, end: float, unit: str) -> str:
    """Return the chart of *lines* (name, points of Unix time and value) and its legend as HTML."""
    values = [value for _, points in lines for _, value in points]
    low, high = min(0.0, *values), max(values)
    top = _round_up(high) if high > 0 else (0.0 if low < 0 else 1.0)
    span = top - low or 1.0

    def x(at: float) -> float:
        return LEFT + (at - start) / (end - start) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return TOP + (top - value) / span * (HEIGHT - TOP - BOTTOM)

    parts = [_grid(low, top, y, unit), _times(start, end)]
    legend = []
    for number, (name, points) in enumerate(lines):
        color = COLORS[number % len(COLORS)]
        dash = ' stroke-dasharray="4 2"' if number >= len(COLORS) else ""
        path = _path(points, x, y, (end - start) * GAP)
        parts.append(f'<path d="{path}" fill="none" stroke="{color}" stroke-width="1.5" stroke-linecap="round"{dash}/>')
        last = human(points[-1][1], unit)
        # A colour and its name stay on one line.
        legend.append(
            f'<span class=key><span style="color:{color}">&#9632;</span> {html.escape(name)}'
            f" <b>{html.escape(last)}</b></span>"
        )
    picture = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="100%" role="img" font-size="9" fill="#57606a">'
    return picture + "".join(parts) + '</svg><div style="font-size:.72rem">' + " ".join(legend) + "</div>"


def _path(points: list[tuple[float, float]], x: Scale, y: Scale, gap: float) -> str:
    steps, before = [], -math.inf
    for at, value in points:
        joined = at - before <= gap
        # A point alone is drawn as a dot: a line of no length with a round cap.
        steps.append(f"{'L' if joined else 'M'}{x(at):.1f} {y(value):.1f}" + ("" if joined else "h0"))
        before = at
    return "".join(steps)


def _grid(low: float, top: float, y: Scale, unit: str) -> str:
    parts = []
    for number in range(GRID_LINES + 1):
        value = low + (top - low) * number / GRID_LINES
        at = y(value)
        parts.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#e4e7eb"/>')
        parts.append(
            f'<text x="{LEFT - 4}" y="{at + 3:.1f}" text-anchor="end">{html.escape(human(value, unit))}</text>'
        )
    return "".join(parts)


def _times(start: float, end: float) -> str:
    parts = []
    for at, where, anchor in ((start, LEFT, "start"), (end, WIDTH - RIGHT, "end")):
        text = datetime.fromtimestamp(at, UTC).strftime("%H:%M UTC")
        parts.append(f'<text x="{where}" y="{HEIGHT - 6}" text-anchor="{anchor}">{text}</text>')
    return "".join(parts)


def _round_up(value: float) -> float:
    """Return the next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)
