"""Questions to Prometheus over its HTTP API."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

TIMEOUT_S = 30.0


class QueryError(RuntimeError):
    """Prometheus did not answer, or refused the query; the message says which and what it said."""


class PrometheusClient:
    """Asks the Prometheus at *url*, with the user and password of *login* where it wants one."""

    def __init__(self, url: str, login: tuple[str, str] | None = None) -> None:
        """Connect at each question."""
        self._url = url.rstrip("/")
        shown = base64.b64encode(":".join(login).encode()).decode() if login else ""
        self._headers = {"Authorization": f"Basic {shown}"} if login else {}

    def instant(self, expression: str) -> list[dict[str, Any]]:
        """Return the series of *expression* now, each with `metric` and `value` or `histogram`."""
        return self._vector("query", query=expression)

    def range(self, expression: str, *, start: float, end: float, step: float) -> list[dict[str, Any]]:
        """Return the series of *expression* between two Unix times, a value each *step* seconds."""
        return self._vector("query_range", query=expression, start=start, end=end, step=step)

    def rules(self) -> list[dict[str, Any]]:
        """Return the rule groups with the health of each rule."""
        return list(self._ask("rules")["groups"])

    def _vector(self, path: str, **parameters: object) -> list[dict[str, Any]]:
        data = self._ask(path, **parameters)
        if data["resultType"] == "scalar":
            return [{"metric": {}, "value": data["result"]}]
        return list(data["result"])

    def _ask(self, path: str, **parameters: object) -> dict[str, Any]:
        body = urllib.parse.urlencode({key: str(value) for key, value in parameters.items()})
        address = f"{self._url}/api/v1/{path}" + (f"?{body}" if body else "")
        # The scheme is an operator's choice: their own Prometheus, or the one that they named.
        request = urllib.request.Request(address, headers=self._headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 # nosec B310
                return dict(json.load(answer)["data"])
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")[:500]
            raise QueryError(f"Prometheus refused {parameters.get('query', path)}: {said}") from error
        except OSError as error:
            raise QueryError(f"Prometheus does not answer at {self._url} ({error}).") from error
