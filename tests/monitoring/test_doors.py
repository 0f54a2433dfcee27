"""Somebody who holds nothing, or another door's key, gets nothing out of what watches the stack, nor into it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import psutil
import psycopg2
import pytest
import redis
import yaml
from support.watched import Watched

from airfleet.config.settings import Settings
from airfleet.stack.embedded import monitoring_servers as monitoring

PAGES = {
    monitoring.PROMETHEUS: (
        *("/", "/query", "/metrics", "/-/ready", "/-/healthy", "/debug/pprof/", "/federate?match[]=up"),
        *("/api/v1/query?query=up", "/api/v1/targets", "/api/v1/rules", "/api/v1/status/config", "/no/such/page"),
    ),
    monitoring.ALERTMANAGER: (
        *("/", "/metrics", "/-/ready", "/-/healthy", "/debug/pprof/", "/no/such/page"),
        *("/api/v2/status", "/api/v2/alerts", "/api/v2/silences", "/api/v2/receivers"),
    ),
}
WEB_PAGE = {monitoring.PROMETHEUS: "/query", monitoring.ALERTMANAGER: "/"}
CHANGES = {
    monitoring.PROMETHEUS: (
        "/-/reload",
        "/-/quit",
        "/api/v1/query",
        "/api/v1/admin/tsdb/delete_series?match[]=up",
    ),
    monitoring.ALERTMANAGER: ("/-/reload", "/api/v2/alerts", "/api/v2/silences"),
}
# Keys of .env that may stand in the environment of what watches.
MAY_KNOW = {
    monitoring.STATSD_FILTER: set(),
    monitoring.STATSD_EXPORTER: set(),
    monitoring.EXPORTER: {"MONITORING_READER_PASSWORD", "REDIS_MONITORING_PASSWORD", "REDIS_PASSWORD"},
    monitoring.PROMETHEUS: set(),
    monitoring.ALERTMANAGER: set(),
}


def address(name: str, settings: Settings) -> str:
    port = settings.prometheus_port if name == monitoring.PROMETHEUS else settings.alertmanager_port
    return f"http://127.0.0.1:{port}"


def wrong_logins(watched: Watched) -> Iterator[tuple[str, str] | None]:
    """Yield no login, guesses, every other secret of the stack, and what the server itself keeps of the password."""
    s = watched.settings
    user, password = s.monitoring_login
    yield None
    yield from ((user, ""), ("", ""), ("", password), ("root", password), (user, password + "x"), (user, password[:-1]))
    yield from ((user, guess) for guess in ("admin", "prometheus", "grafana", "alertmanager", "wrong"))
    yield from ((user, secret) for secret in s.secrets() if secret != password)
    kept = yaml.safe_load((watched.stack.paths.monitoring / "prometheus/login/web.yml").read_text())
    yield from kept["basic_auth_users"].items()


@pytest.mark.parametrize("name", PAGES)
def test_no_page_opens_without_the_login(watched: Watched, name: str) -> None:
    base = address(name, watched.settings)
    with httpx.Client(trust_env=False) as client:
        for path in PAGES[name]:
            assert client.get(base + path).status_code == httpx.codes.UNAUTHORIZED, path
        # A page is the same door for every login.
        for number, login in enumerate(wrong_logins(watched)):
            answer = client.get(base + PAGES[name][number % len(PAGES[name])], auth=login)
            assert answer.status_code == httpx.codes.UNAUTHORIZED, number
        opened = [client.get(base + path, auth=watched.settings.monitoring_login) for path in PAGES[name]]
    # What is built from Go's modules has no web pages.
    assert {answer.url.path for answer in opened if answer.is_error} == {"/no/such/page", WEB_PAGE[name]}
    assert httpx.codes.UNAUTHORIZED not in {answer.status_code for answer in opened}


@pytest.mark.parametrize("name", CHANGES)
def test_nothing_is_changed_without_the_login(watched: Watched, name: str) -> None:
    base, before = address(name, watched.settings), watched.pids()[name]
    ends = "2099-01-01T00:00:00Z"
    matchers = [{"name": "alertname", "value": ".+", "isRegex": True, "isEqual": True}]
    silence = {"matchers": matchers, "startsAt": ends, "endsAt": ends, "createdBy": "x", "comment": "x"}
    for path in CHANGES[name]:
        for login in (None, (watched.settings.monitoring_user, "wrong")):
            answer = httpx.post(base + path, json=silence, auth=login, trust_env=False)
            assert answer.status_code == httpx.codes.UNAUTHORIZED, path
    assert watched.pids()[name] == before
    if name == monitoring.ALERTMANAGER:
        silences = httpx.get(f"{base}/api/v2/silences", auth=watched.settings.monitoring_login, trust_env=False)
        assert silences.json() == []


def test_its_login_opens_no_other_door(watched: Watched) -> None:
    s = watched.settings
    user, password = s.monitoring_login
    web = f"http://127.0.0.1:{s.webserver_port}"
    for name in (user, s.admin_user):
        asked = httpx.post(f"{web}/auth/token", json={"username": name, "password": password}, timeout=90)
        assert asked.status_code == httpx.codes.UNAUTHORIZED
    flower = httpx.get(f"http://127.0.0.1:{s.flower_port}/", auth=(s.flower_user, password))
    assert flower.status_code == httpx.codes.UNAUTHORIZED
    for name in ("airflow", "monitoring", "default"):
        with pytest.raises(redis.exceptions.AuthenticationError):
            redis.Redis(port=s.redis_port, username=name, password=password).ping()
    for name in ("monitoring_reader", "airflow_metadata", "postgres"):
        with pytest.raises(psycopg2.OperationalError, match="authentication failed"):
            psycopg2.connect(host="127.0.0.1", port=s.postgres_port, user=name, password=password, dbname="airflow")


def test_who_is_let_in_does_not_read_the_password_back(watched: Watched) -> None:
    s = watched.settings
    for name, path in (
        (monitoring.PROMETHEUS, "/api/v1/status/config"),
        (monitoring.ALERTMANAGER, "/api/v2/status"),
    ):
        shown = httpx.get(address(name, s) + path, auth=s.monitoring_login, trust_env=False)
        assert shown.is_success
        assert not [secret for secret in s.secrets() if secret in shown.text]


def test_each_of_what_watches_holds_the_secrets_that_it_needs_and_no_others(watched: Watched) -> None:
    lines = (watched.stack.paths.root / ".env").read_text().splitlines()
    env = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    secrets = {key: value for key, value in env.items() if value in watched.settings.secrets()}
    pids = watched.pids()
    for name, allowed in MAY_KNOW.items():
        has = " ".join(psutil.Process(pids[name]).environ().values())
        assert {key for key, value in secrets.items() if value in has} == allowed, name


def test_no_secret_stands_in_a_process_list_or_a_log_while_the_stack_is_watched(watched: Watched) -> None:
    commands = [" ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])]
    logs = {path.name: path.read_text(errors="replace") for path in watched.stack.paths.role_logs.glob("*.log")}
    assert {f"{name}.log" for name in MAY_KNOW} <= logs.keys()
    for secret in watched.settings.secrets():
        assert not [command for command in commands if secret in command]
        assert not [name for name, text in logs.items() if secret in text]


def test_files_with_a_secret_are_for_their_owner_alone(watched: Watched) -> None:
    state = watched.stack.paths.monitoring.parent
    assert state.is_dir()
    held = []
    for path in state.rglob("*"):
        if path.is_file() and path.suffix in ("", ".yml", ".conf") and "data" not in path.parts:
            text = path.read_text(errors="replace")
            if any(secret in text for secret in watched.settings.secrets()) or "$2b$" in text:
                held.append(path)
    assert {"password", "web.yml", "supervisord.conf"} <= {path.name for path in held}
    assert {path.name for path in held if path.stat().st_mode & 0o077} == set()
