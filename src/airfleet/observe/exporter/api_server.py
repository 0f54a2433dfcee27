"""The source for the webserver's health page."""

from __future__ import annotations

import httpx

from airfleet.metrics import database as m
from airfleet.observe.exporter.collector import Samples


class Webserver:
    """Whether the webserver answers, and the state of the components on its health page."""

    name = "webserver"

    def __init__(self, url: str, timeout_s: float) -> None:
        """Read below *url*, the webserver's root."""
        self._url = f"{url.rstrip('/')}/api/v2/monitor/health"
        self._timeout_s = timeout_s

    def look(self, samples: Samples) -> None:
        """Add every metric of the page."""
        answer = httpx.get(self._url, timeout=self._timeout_s, trust_env=False).raise_for_status()
        health = answer.json()
        samples.add(m.WEBSERVER_UP, 1)
        for component, found in sorted(health.items()):
            # A component that this deployment does not run has no status.
            if found and found.get("status"):
                samples.add(m.COMPONENT_HEALTHY, float(found["status"] == "healthy"), component)
