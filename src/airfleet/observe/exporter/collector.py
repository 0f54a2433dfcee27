"""A source of metrics, and the thread that reads it periodically.

Every source has its own thread, and a scrape returns the result of the last read: a database that hangs blocks neither
the scrape nor the reading of Redis.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as Family

from airfleet.metrics.database import SOURCE_DURATION, SOURCE_FAILURES, SOURCE_UP
from airfleet.metrics.model import Kind, Metric

log = logging.getLogger(__name__)

# A result older than this many intervals is outdated: its series end.
STALE_AFTER_INTERVALS = 3


class Samples:
    """The samples of one read, by metric."""

    def __init__(self) -> None:
        """Start with none."""
        self._families: dict[str, Family] = {}

    def add(self, metric: Metric, value: float, *labels: str, created: float | None = None) -> None:
        """Add one sample; *labels* in the order the metric declares them.

        *created* is the time, in seconds since 1970, at which a counter was 0.
        """
        if len(labels) != len(metric.labels):
            raise ValueError(f"{metric.name} has the labels {metric.labels}; got {labels}.")
        family = self._families.get(metric.name)
        if family is None:
            kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
            family = kind(metric.name, metric.help, labels=metric.labels)
            self._families[metric.name] = family
        at = {} if created is None else {"created": created}
        family.add_metric(list(labels), value, **at)  # type: ignore[attr-defined]

    def families(self) -> list[Family]:
        """Return what was added, ready to be exposed."""
        return list(self._families.values())


class Source(Protocol):
    """A source. A read that fails raises; the next one must be able to succeed."""

    name: str

    def look(self, samples: Samples) -> None:
        """Add what is there now to *samples*."""


class Poller:
    """Reads one source every *interval_s* seconds and keeps the last good result."""

    def __init__(self, source: Source, interval_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the source; nothing runs until `start`, and `look_once` reads it once."""
        self.name = source.name
        self._source = source
        self._interval_s = interval_s
        self._clock = clock
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._families: list[Family] = []
        self._looked_at: float | None = None
        self._took_s = 0.0
        self._good = False
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name=f"look-{source.name}", daemon=True)

    def start(self) -> None:
        """Read now and then at every interval, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after its current read."""
        self._stop.set()

    def look_once(self) -> None:
        """Read the source and keep the result, or count the failure."""
        samples = Samples()
        started = self._clock()
        try:
            self._source.look(samples)
        except Exception as error:
            with self._lock:
                newly = self._good or self._failures == 0
                self._good = False
                self._failures += 1
                self._took_s = self._clock() - started
            if newly:
                log.warning("The look at %s failed; trying again every %g s: %s", self.name, self._interval_s, error)
            return
        with self._lock:
            if self._failures and not self._good:
                log.info("%s answers again.", self.name)
            self._families = samples.families()
            self._looked_at = self._clock()
            self._took_s = self._looked_at - started
            self._good = True

    def families(self) -> Iterator[Family]:
        """Yield the last result while it is fresh, and always the state of the reads."""
        with self._lock:
            now = self._clock()
            fresh = self._looked_at is not None and (now - self._looked_at <= STALE_AFTER_INTERVALS * self._interval_s)
            up = self._good and fresh
            answer = list(self._families) if up else []
            state = Samples()
            state.add(SOURCE_UP, float(up), self.name)
            state.add(SOURCE_DURATION, self._took_s, self.name)
            state.add(SOURCE_FAILURES, float(self._failures), self.name)
        yield from [*answer, *state.families()]

    def _run(self) -> None:
        while not self._stop.is_set():
            self.look_once()
            self._stop.wait(self._interval_s)


class Registry:
    """A prometheus_client collector: the results of several pollers."""

    def __init__(self, pollers: Iterable[Poller]) -> None:
        """Expose *pollers*."""
        self._pollers = list(pollers)

    def collect(self) -> Iterator[Family]:
        """Yield every family once, the samples of all pollers together."""
        merged: dict[str, Family] = {}
        for poller in self._pollers:
            for family in poller.families():
                if family.name in merged:
                    merged[family.name].samples.extend(family.samples)
                else:
                    copy = type(family).__new__(type(family))
                    copy.__dict__.update(family.__dict__, samples=list(family.samples))
                    merged[family.name] = copy
        yield from merged.values()
