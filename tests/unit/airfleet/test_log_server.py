"""The log server serves a file to who was allowed that file, as Airflow's webserver says so."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from starlette.testclient import TestClient

from airfleet.stack.embedded import log_server

SECRET = "k" * 64
NAME = "dag_id=a/run_id=manual__2026-11-25T00:00:00+00:00/task_id=t/attempt=1.log"
Ask = Callable[..., int]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    logs = tmp_path / "logs"
    file = logs / NAME
    file.parent.mkdir(parents=True)
    file.write_text("hello")
    (tmp_path / "secret").write_text("not a log")
    client = TestClient(log_server.app(logs, SECRET))

    def status(name: str = NAME, *, signed_for: str | None = None, secret: str = SECRET, **changed: Any) -> int:
        now = datetime.now(UTC)
        claims = {
            "aud": "task-instance-logs",
            "iat": now,
            "nbf": now,
            "exp": now + timedelta(seconds=10),
            "filename": name if signed_for is None else signed_for,
        }
        claims = {key: value for key, value in (claims | changed).items() if value is not None}
        token = jwt.encode(claims, secret, algorithm="HS512")
        answer = client.get(f"/log/{name}", headers={"Authorization": token})
        assert answer.text == "hello" or not answer.is_success
        return answer.status_code

    return status


def test_a_signed_request_gets_its_file(ask: Ask) -> None:
    assert ask() == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "x" * 64},
        {"signed_for": "dag_id=b/other.log"},
        {"filename": None},
        {"aud": "something-else"},
        {"exp": datetime.now(UTC) - timedelta(minutes=5)},
        {"nbf": datetime.now(UTC) + timedelta(days=1)},
        {"exp": None},
        {"iat": None},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_request_that_was_not_signed_for_the_file_is_refused(ask: Ask, wrong: dict[str, Any]) -> None:
    assert ask(**wrong) == 403


def test_no_file_outside_the_logs_is_served_whoever_signed_for_it(ask: Ask) -> None:
    for name in ("../secret", "%2e%2e/secret", "/etc/passwd", "nothing.log"):
        assert ask(name) in (403, 404)


def test_a_request_without_a_signature_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("hello")
    client = TestClient(log_server.app(tmp_path, SECRET))
    assert client.get("/log/a.log").status_code == 403
    assert client.get("/log/a.log", headers={"Authorization": "Bearer nonsense"}).status_code == 403
    assert client.get("/").status_code == 404
