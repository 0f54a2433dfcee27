"""The model of a metric, which the tables of this package use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_NAME = re.compile(r"^[a-z][a-z0-9_]*$")


class Kind(StrEnum):
    """The Prometheus type of a metric."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Unit(StrEnum):
    """The base unit of a metric's value; the word its name must end in, but for plain numbers."""

    SECONDS = "seconds"
    BYTES = "bytes"
    COUNT = "count"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One Prometheus metric.

    *labels* are the names a series of it carries besides ``job`` and ``instance``. Raises ValueError
    when the name does not say the kind and unit: counters end in ``_total``, seconds in ``_seconds``.
    """

    name: str
    kind: Kind
    unit: Unit
    labels: tuple[str, ...] = ()
    help: str

    def __post_init__(self) -> None:
        """Refuse a name that breaks the naming rules."""
        if not _NAME.match(self.name):
            raise ValueError(f"Metric name {self.name!r} has other characters than a-z, 0-9 and _. Rename it.")
        stem = self.name.removesuffix("_total")
        if (self.kind is Kind.COUNTER) != self.name.endswith("_total"):
            raise ValueError(f"{self.name} is a {self.kind}; counters, and only they, end in _total. Rename it.")
        if self.unit is not Unit.COUNT and not stem.endswith(f"_{self.unit}"):
            raise ValueError(f"{self.name} is measured in {self.unit}; its name must end in _{self.unit}.")
        if not self.help.endswith("."):
            raise ValueError(f"The help of {self.name} is not a sentence: {self.help!r}. End it with a full stop.")


def counter(name: str, *labels: str, help: str, unit: Unit = Unit.COUNT) -> Metric:
    """Declare a counter."""
    return Metric(name=name, kind=Kind.COUNTER, unit=unit, labels=labels, help=help)


def gauge(name: str, *labels: str, help: str, unit: Unit = Unit.COUNT) -> Metric:
    """Declare a gauge."""
    return Metric(name=name, kind=Kind.GAUGE, unit=unit, labels=labels, help=help)


def histogram(name: str, *labels: str, help: str) -> Metric:
    """Declare a histogram of seconds."""
    return Metric(name=name, kind=Kind.HISTOGRAM, unit=Unit.SECONDS, labels=labels, help=help)
