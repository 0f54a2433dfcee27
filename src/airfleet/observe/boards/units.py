"""Values as people read them, by Grafana's names of units."""

from __future__ import annotations

_MINUTE, _HOUR = 60, 3600
_KIBI = 1024


def human(value: float, unit: str) -> str:
    """Return *value* with its unit: `1m 30s`, `1.5 GiB`, `99.2 %`, `yes`; a unit not known adds nothing."""
    if unit == "s":
        return _seconds(value)
    if unit == "bytes":
        return _bytes(value)
    if unit == "percentunit":
        return f"{value * 100:.3g} %"
    if unit == "bool_yes_no":
        return "yes" if value else "no"
    if unit == "currencyINR":
        return f"₹ {value:,.0f}"
    suffix = {"cps": "/s", "x": " x"}.get(unit, "")
    return f"{value:.4g}{suffix}"


def _seconds(value: float) -> str:
    if abs(value) < 1:
        return f"{value * 1000:.3g} ms"
    if abs(value) < _MINUTE:
        return f"{value:.3g} s"
    minutes, seconds = divmod(round(value), _MINUTE)
    if abs(value) < _HOUR:
        return f"{minutes}m {seconds}s"
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours}h {minutes}m"


def _bytes(value: float) -> str:
    for name in ("B", "KiB", "MiB", "GiB"):
        if abs(value) < _KIBI:
            return f"{value:.3g} {name}"
        value /= _KIBI
    return f"{value:.3g} TiB"
