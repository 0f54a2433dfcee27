"""Queries to Prometheus over its HTTP API."""

from __future__ import annotations

from typing import Any

import httpx

TIMEOUT_S = 30.0


class QueryError(RuntimeError):
    """Prometheus did not answer, or refused the query; the message says which and what it said."""


class PrometheusClient:
    """A client of the Prometheus at *url*, with the user and password of *login* where it requires one."""

    def __init__(self, url: str, login: tuple[str, str] | None = None) -> None:
        """Connect at each query."""
        self._url = url.rstrip("/")
        self._login = login

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
        asked = {key: str(value) for key, value in parameters.items()}
        try:
            # No proxy: it is this stack's own Prometheus, or one that the operator named.
            answer = httpx.get(
                f"{self._url}/api/v1/{path}", params=asked, auth=self._login, timeout=TIMEOUT_S, trust_env=False
            )
        except httpx.HTTPError as error:
            raise QueryError(f"Prometheus does not answer at {self._url} ({error}).") from error
        if not answer.is_success:
            raise QueryError(f"Prometheus refused {parameters.get('query', path)}: {answer.text[:500]}")
        return dict(answer.json()["data"])
