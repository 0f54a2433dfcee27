"""Prometheus and Alertmanager know their login by a hash, and our own question carries it to nobody else's."""

import base64
import json
import os
import secrets
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import bcrypt
import pytest
import yaml
from typer.testing import CliRunner

from airfleet.cli import look
from airfleet.config import env_file, settings
from airfleet.config.paths import Paths
from airfleet.observe.servers import login
from airfleet.operate import deployment

PASSWORD = secrets.token_hex(16)


def test_a_server_gets_a_hash_in_a_file_for_its_own_eyes(tmp_path: Path) -> None:
    path = login.guard(tmp_path / "made", "reader", PASSWORD)
    assert PASSWORD not in path.read_text()
    users = yaml.safe_load(path.read_text())["basic_auth_users"]
    assert list(users) == ["reader"]
    assert bcrypt.checkpw(PASSWORD.encode(), users["reader"].encode())
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_login_that_did_not_change_leaves_its_file_and_another_replaces_it(tmp_path: Path) -> None:
    path = login.guard(tmp_path, "reader", PASSWORD)
    first = path.read_text()
    assert login.guard(tmp_path, "reader", PASSWORD).read_text() == first
    assert login.guard(tmp_path, "other", PASSWORD).read_text() != first
    second = path.read_text()
    login.guard(tmp_path, "other", PASSWORD + "2")
    assert path.read_text() != second
    assert list(yaml.safe_load(path.read_text())["basic_auth_users"]) == ["other"]


def test_a_user_whose_name_yaml_would_take_for_something_else_is_still_that_user(tmp_path: Path) -> None:
    for user in ("on", "007", "a@b"):
        assert list(yaml.safe_load(login.guard(tmp_path, user, PASSWORD).read_text())["basic_auth_users"]) == [user]


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str | None]]:
    """What a Prometheus, at the address of this checkout's, was shown as login."""
    shown: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown.append(self.headers["Authorization"])
            body = json.dumps({"data": {"resultType": "matrix", "result": []}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    env_file.fill(tmp_path / ".env", Paths().env_example)
    loaded = settings.load(tmp_path / ".env").model_copy(update={"prometheus_port": server.server_port})

    class Stack:
        settings = loaded

    monkeypatch.setattr(deployment, "stack", lambda **_: Stack)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OWN", f"{loaded.monitoring_user}:{loaded.monitoring_password.get_secret_value()}")
    monkeypatch.setenv("ADDRESS", f"http://127.0.0.1:{server.server_port}")
    yield shown
    server.shutdown()


@pytest.mark.parametrize(
    ("arguments", "variable", "shown"),
    [
        ([], None, "$OWN"),
        (["--prometheus", "$ADDRESS"], None, None),
        (["--prometheus", "$ADDRESS"], f"me:{PASSWORD}:x", f"me:{PASSWORD}:x"),
    ],
    ids=["its own", "another's", "another's, with a login"],
)
def test_dashboards_show_our_login_to_our_own_prometheus_alone(
    heard: list[str | None],
    arguments: list[str],
    variable: str | None,
    shown: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if variable:
        monkeypatch.setenv("PROMETHEUS_LOGIN", variable)
    done = CliRunner().invoke(look.commands, ["dashboards", *(os.path.expandvars(part) for part in arguments)])
    assert done.exit_code == 0, done.output
    wanted = f"Basic {base64.b64encode(os.path.expandvars(shown).encode()).decode()}" if shown else None
    assert set(heard) == {wanted}
