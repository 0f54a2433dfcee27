"""A part of the bench on one instance: it takes samples and summarises them."""

from collections.abc import Collection, Mapping, Sequence
from statistics import median
from typing import Any, ClassVar

from airfleet.stack.protocol import Say
from bench.instance import Instance


class Part:
    """One part of the bench on one instance, which is up; a context manager."""

    pairs: ClassVar[int] = 3
    # The stock profile takes its sample in every such pair.
    official_every: ClassVar[int] = 1
    # Plugins of this deployment that the part's Dags need on stock.
    needed: ClassVar[Collection[str]] = ()

    def __init__(self, of: Instance, say: Say) -> None:
        self.of = of
        self.say = say

    def __enter__(self) -> "Part":
        """Prepare once, before the first sample; not measured."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close everything that was opened."""

    def sample(self, number: int) -> dict[str, Any]:
        """Measure once, as the *number*-th from 0."""
        raise NotImplementedError

    def summary(self, samples: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Return the part's figures; anything they need beyond *samples* is measured now."""
        found: dict[str, Any] = medians(samples)
        return found


def medians(values: Sequence[Any]) -> Any:
    """Return one value of the shape that all *values* have, each number in it the median of theirs."""
    first = values[0]
    if isinstance(first, Mapping):
        return {key: medians([value[key] for value in values]) for key in first}
    if isinstance(first, list):
        return [medians(each) for each in zip(*values, strict=True)]
    return round(median(values), 4) if isinstance(first, int | float) else first
