"""The web server as a script sees it, with a token, and as a browser does, with a cookie."""

import re
from typing import Any

import httpx
from support.checkout import wait_until

from airfleet.config.settings import Settings
from airfleet.operate.airflow_api import FINISHED, DagRun

_TIMEOUT_S = 60.0


def _base(settings: Settings) -> str:
    # The name that the UI calls itself: cookies hold there.
    return f"http://localhost:{settings.webserver_port}"


class Rest:
    """The REST API, logged in as the administrator."""

    def __init__(self, settings: Settings) -> None:
        self._client = httpx.Client(base_url=_base(settings), timeout=_TIMEOUT_S, trust_env=False)
        login = {"username": settings.admin_user, "password": settings.admin_password.get_secret_value()}
        token = self._client.post("/auth/token", json=login).raise_for_status().json()["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, **params: Any) -> Any:
        return self._client.get(path, params=params).raise_for_status().json()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self._client.post(path, json=body)
        assert answer.is_success, f"{path} answered {answer.status_code}: {answer.text}"
        return answer.json()

    def clear(self, run: DagRun, task_id: str | None = None) -> None:
        """Clear *task_id* and what follows it, or the whole run, as the UI's button does."""
        body: dict[str, Any] = {"dry_run": False, "dag_run_id": run.run_id, "only_failed": False}
        if task_id:
            body |= {"task_ids": [task_id], "include_downstream": True}
        self.post(f"/api/v2/dags/{run.dag_id}/clearTaskInstances", body)

    def states(self, run: DagRun) -> dict[str, str]:
        """The state of each task of a run."""
        found = self.get(f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances", limit=100)
        return {task["task_id"]: task["state"] or "waiting" for task in found["task_instances"]}

    def finished(self, run: DagRun, timeout_s: float = 300) -> str:
        """Wait until the run is over, and return its state."""

        def over() -> str | None:
            state: str = self.get(f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}")["state"]
            return state if state in FINISHED else None

        return wait_until(f"{run.dag_id} {run.run_id} is over", over, timeout_s)


def browser(settings: Settings) -> httpx.Client:
    """A client that logged in through the login page's form, and holds nothing but its cookies."""
    client = httpx.Client(base_url=_base(settings), timeout=_TIMEOUT_S, trust_env=False, follow_redirects=True)
    form = client.get("/auth/login/").raise_for_status().text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
    fields = {"username": settings.admin_user, "password": settings.admin_password.get_secret_value()}
    client.post("/auth/login/", data=fields | ({"csrf_token": token[1]} if token else {})).raise_for_status()
    assert "_token" in client.cookies, f"no cookie of a login: {dict(client.cookies)}"
    return client
