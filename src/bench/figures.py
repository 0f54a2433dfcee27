"""The bench's figures in their file: each part is kept when it has ended, with the digest of what it is about."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from airfleet.config.errors import AirfleetError
from bench import evidence
from bench.suites import BENCH


class Figures:
    """What *path* holds, to which parts are added; without a path nothing is kept.

    Parts that are not *whole*, such as those of one profile alone, are kept, and are no evidence.
    """

    def __init__(self, root: Path, path: Path | None, *, whole: bool) -> None:
        self.found: dict[str, Any] = evidence.read(path) if path else {}
        self.found.pop(evidence.KEY, None)
        self._whole = whole
        self._keepers: dict[str, evidence.Keeper] = {}
        if path:
            for suite in BENCH:
                self._keepers |= dict.fromkeys(suite.parts, evidence.Keeper(suite, root, path))

    def missing(self, parts: Sequence[str]) -> list[str]:
        """Return those of *parts* that have to be measured."""
        if not self._whole or not self._keepers:
            return list(parts)
        return [part for part in parts if self._keepers[part].missing([part])]

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Keep `found` and how the part *name* ended; raises AirfleetError when its sources changed meanwhile."""
        began = time.monotonic()
        try:
            yield
        except AirfleetError:
            self._keep(name, began, passed=False)
            raise
        if changed := self._keep(name, began, passed=True):
            raise AirfleetError(
                f"While {name} was measured, sources changed: {', '.join(changed[:3])}. Its figures are kept, but are"
                " no evidence. Leave the sources as they are, and run it again."
            )

    def _keep(self, name: str, began: float, *, passed: bool) -> list[str]:
        if name not in self._keepers:
            return []
        seconds = time.monotonic() - began
        return self._keepers[name].keep(name, passed=passed, seconds=seconds, results=self.found, whole=self._whole)
