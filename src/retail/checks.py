"""The checks: each is a .sql file that selects bad rows, with its properties in the header."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from retail.warehouse import statements

DIMENSIONS = ("completeness", "validity", "consistency")
_FACTS = ("check", "entity", "column", "severity", "weight", "owner", "reason")


@dataclass(frozen=True, slots=True)
class Check:
    """One rule. Its statement selects (file_id, line, found) from the entity's rows in scope.

    *severity* `error` keeps an offending row out of core, `warning` only counts. *weight* is the part of a bad row that
    counts as lost, 0 to 1. *owner* is the team that can correct it at the source.
    """

    name: str
    dimension: str
    entity: str
    column: str
    severity: str
    weight: float
    owner: str
    reason: str
    sql: str

    @property
    def drops_repeats(self) -> bool:
        """Whether a bad row is an identical repeat, which is skipped and not quarantined."""
        return self.name.endswith("_duplicate_identical")


def _read(dimension: str, name: str, text: str) -> Check:
    head = dict(line.removeprefix("-- ").split(": ", 1) for line in text.splitlines()[: len(_FACTS)] if ": " in line)
    if tuple(head) != _FACTS or head["check"] != name:
        raise ValueError(f"sql/checks/{dimension}/{name}.sql: the header needs, in this order, {', '.join(_FACTS)}")
    return Check(
        name, dimension, head["entity"], head["column"], head["severity"], float(head["weight"]), head["owner"],
        head["reason"], text,
    )  # fmt: skip


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check, by dimension and name."""
    return tuple(
        _read(dimension, name, text)
        for dimension in DIMENSIONS
        for name, text in statements(f"checks/{dimension}").items()
    )


def of_dimension(dimension: str) -> list[Check]:
    """The checks of one dimension."""
    return [check for check in all_checks() if check.dimension == dimension]


def deciding(entity: str) -> list[Check]:
    """The checks that keep an entity's rows out of core."""
    return [
        check for check in all_checks() if check.entity == entity and (check.severity == "error" or check.drops_repeats)
    ]
