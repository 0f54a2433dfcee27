"""Airflow's public REST API, as far as the tool needs it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from airfleet.config.errors import AirfleetError
from airfleet.config.settings import Settings

_TIMEOUT_S = 30.0
# A restart of the webserver must not end following a run.
_ABSENCE_S = 90.0
FINISHED = frozenset({"success", "failed"})


@dataclass(frozen=True)
class Dag:
    """A Dag as the webserver knows it; *due* is True when unpausing it starts a scheduled run at once."""

    dag_id: str
    is_paused: bool
    due: bool


@dataclass(frozen=True)
class DagRun:
    """One run of a Dag."""

    dag_id: str
    run_id: str
    state: str


@dataclass(frozen=True)
class TaskRun:
    """The last try of one task; *rows* is what the task returned under that name, if it did."""

    dag_id: str
    task_id: str
    map_index: int
    state: str
    tries: int
    seconds: float | None
    rows: int | None
    hostname: str


class AirflowApi:
    """A logged-in client of one webserver; use as a context manager."""

    def __init__(self, settings: Settings) -> None:
        base = f"http://{settings.bind_address}:{settings.webserver_port}"
        self._client = httpx.Client(base_url=base, timeout=_TIMEOUT_S, trust_env=False)
        self._login = {
            "username": settings.admin_user,
            "password": settings.admin_password.get_secret_value(),
        }

    def __enter__(self) -> "AirflowApi":
        try:
            answer = self._client.post("/auth/token", json=self._login)
        except httpx.HTTPError as error:
            raise AirfleetError(
                f"The webserver does not answer ({error}). Start the stack with ./airfleet up."
            ) from None
        if answer.status_code in (401, 403):
            raise AirfleetError(
                f"The webserver refuses ADMIN_PASSWORD for {self._login['username']}."
                " It was changed in the UI: put the same one into .env."
            )
        answer.raise_for_status()
        self._client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def dag(self, dag_id: str) -> Dag | None:
        """Return the Dag, or None when there is no Dag of this name that can run."""
        answer = self._get(f"/api/v2/dags/{quote(dag_id, safe='')}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        found = _body(answer)
        run_after = found.get("next_dagrun_run_after")
        due = run_after is not None and datetime.fromisoformat(run_after) <= datetime.now(UTC)
        return Dag(dag_id, bool(found["is_paused"]), due)

    def dag_ids(self) -> list[str]:
        """Return the names of all Dags.

        Of a new file with several Dags, Airflow lists all before all of them can run.
        """
        return [dag["dag_id"] for dag in self._pages("/api/v2/dags", "dags", order_by="dag_id")]

    def import_errors(self) -> list[str]:
        """Return what the dag-processor could not import: file, and the last line of the error."""
        errors = self._pages("/api/v2/importErrors", "import_errors")
        return [f"{e['filename']}: {e['stack_trace'].strip().splitlines()[-1]}" for e in errors]

    def unpause(self, dag_id: str) -> None:
        """Unpause the Dag."""
        _body(self._client.patch(f"/api/v2/dags/{quote(dag_id, safe='')}", json={"is_paused": False}))

    def trigger(self, dag_id: str, conf: dict[str, Any]) -> DagRun:
        """Start a run by hand."""
        path = f"/api/v2/dags/{quote(dag_id, safe='')}/dagRuns"
        return _run(_body(self._client.post(path, json={"conf": conf, "logical_date": None})))

    def runs(self, dag_id: str) -> list[DagRun]:
        """Return the latest runs of the Dag, newest first."""
        path = f"/api/v2/dags/{quote(dag_id, safe='')}/dagRuns"
        answer = self._get(path, limit=50, order_by="-run_after")
        return [_run(found) for found in _body(answer)["dag_runs"]]

    def run(self, run: DagRun) -> DagRun:
        """Return the current state of *run*."""
        return _run(_body(self._get(_path(run))))

    def tasks(self, run: DagRun, *, with_rows: bool = True) -> list[TaskRun]:
        """Return the tasks of a run in the order in which they started, those that have not last.

        Without *with_rows* their `rows` are None, which saves a request for each task.
        """
        found = list(self._pages(f"{_path(run)}/taskInstances", "task_instances"))
        found.sort(key=lambda task: (task["start_date"] or "9999", task["task_id"], task["map_index"]))
        return [self._task(run, task, with_rows) for task in found]

    def log(self, run: DagRun, task_id: str, try_number: int = 1, map_index: int = -1) -> str:
        """Return the log of one task try as the UI shows it."""
        path = f"{_path(run)}/taskInstances/{quote(task_id, safe='')}/logs/{try_number}"
        answer = self._get(path, map_index=map_index, full_content=True)
        content = _body(answer)["content"]
        return "\n".join(str(line.get("event", line)) if isinstance(line, dict) else str(line) for line in content)

    def _task(self, run: DagRun, task: dict[str, Any], with_rows: bool) -> TaskRun:
        return TaskRun(
            dag_id=run.dag_id,
            task_id=task["task_id"],
            map_index=task["map_index"],
            state=task["state"] or "waiting",
            tries=task["try_number"],
            seconds=task["duration"],
            rows=self._rows(run, task) if with_rows and task["state"] == "success" else None,
            hostname=task["hostname"] or "",
        )

    def _rows(self, run: DagRun, task: dict[str, Any]) -> int | None:
        path = f"{_path(run)}/taskInstances/{quote(task['task_id'], safe='')}/xcomEntries/return_value"
        answer = self._get(path, map_index=task["map_index"], deserialize=False)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        value = _body(answer).get("value")
        rows = value.get("rows") if isinstance(value, dict) else None
        return rows if isinstance(rows, int) else None

    @retry(
        retry=retry_if_exception_type(httpx.TransportError),
        stop=stop_after_delay(_ABSENCE_S),
        wait=wait_fixed(1),
        reraise=True,
    )
    def _get(self, path: str, **params: Any) -> httpx.Response:
        return self._client.get(path, params=params)

    def _pages(self, path: str, key: str, **params: str) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            body = _body(self._get(path, limit=100, offset=offset, **params))
            yield from body[key]
            offset += len(body[key])
            if not body[key] or offset >= body["total_entries"]:
                return


def _path(run: DagRun) -> str:
    return f"/api/v2/dags/{quote(run.dag_id, safe='')}/dagRuns/{quote(run.run_id, safe='')}"


def _run(found: dict[str, Any]) -> DagRun:
    return DagRun(found["dag_id"], found["dag_run_id"], found["state"])


def _body(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        detail = answer.text[:500]
        raise AirfleetError(f"The webserver answered {answer.status_code} to {answer.request.url.path}: {detail}")
    body: dict[str, Any] = answer.json()
    return body
