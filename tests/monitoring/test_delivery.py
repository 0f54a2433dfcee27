"""From a fault to PagerDuty, Slack and a mailbox, and back: real Prometheus, real Alertmanager, local receivers."""

from __future__ import annotations

import asyncio
import email
import json
import secrets
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from aiosmtpd.controller import Controller

from airfleet.observe.boards.query import PrometheusClient
from airfleet.observe.servers import build, commands, login, prometheus_config
from airfleet.observe.servers.alertmanager_config import Receivers, configuration

REPO = Path(__file__).parents[2]

# A fault of each severity: the metric's name, its healthy and its faulty value, the alert and the severity.
FAULTS = {
    "page": ("airflow_workers", 2, 0, "CeleryWorkersLow"),
    "ticket": ('airflow_triggerer_capacity_left{hostname="t1"}', 9, 0, "TriggererFull"),
    "warning": ("airflow_dag_import_errors", 0, 1, "ImportErrors"),
}

# Follows from the page above, so nobody is told of it.
INHIBITED = ('airflow_db_queued_age_seconds{dag_id="sales",task_id="load",queue="default"}', 0, 900, "QueueWaitHigh")


class Receiver:
    """Stands for PagerDuty, Slack and the metrics' source; keeps what it is sent."""

    def __init__(self) -> None:
        """Listen on a free port."""
        self.values = {name: healthy for name, healthy, _, _ in (*FAULTS.values(), INHIBITED)}
        self.got: list[tuple[str, dict[str, Any]]] = []
        self.prometheus = PrometheusClient("")
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                text = "".join(f"{name} {value}\n" for name, value in outer.values.items())
                self._answer(text.encode(), "text/plain; version=0.0.4")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((self.path, json.loads(body)))
                if self.path == "/slack":
                    self._answer(b"ok", "text/html")  # what a Slack webhook answers
                else:
                    self._answer(b'{"status":"success","dedup_key":"x"}', "application/json", 202)

            def _answer(self, body: bytes, kind: str, status: int = 200) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Mailbox:
    """An SMTP server that keeps its mail."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self.mails: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Keep a mail."""
        message = email.message_from_bytes(envelope.content)
        parts = [part.get_payload(decode=True) or b"" for part in message.walk() if not part.is_multipart()]
        self.mails.append(f"{message['Subject']}\n" + b"\n".join(parts).decode())
        await asyncio.sleep(0)
        return "250 kept"


def wait_for(what: str, question: Callable[[], Any], seconds: float = 60) -> Any:
    """Return the first true answer; fail with *what* and the last one."""
    until, pause, last = time.monotonic() + seconds, threading.Event(), None
    while time.monotonic() < until:
        last = question()
        if last:
            return last
        pause.wait(0.2)
    raise AssertionError(f"{what}: not within {seconds} s; the last answer was {last!r}")


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def watched(tmp_path: Path, program: Callable[[build.Program], Path]) -> Iterator[tuple[Receiver, Mailbox]]:
    """Prometheus and Alertmanager with this repository's rules and routes, at a test's pace."""
    receiver, mailbox = Receiver(), Mailbox()
    mail = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    mail.start()
    (tmp_path / "slack").write_text(f"http://{receiver.address}/slack")
    (tmp_path / "pagerduty").write_text("0123456789abcdef0123456789abcdef")
    config = configuration(
        Receivers(
            pagerduty_key_file=tmp_path / "pagerduty",
            pagerduty_url=f"http://{receiver.address}/pagerduty",
            slack_url_file=tmp_path / "slack",
            mail_to="team@example.com",
            mail_from="airfleet@example.com",
            mail_smarthost=f"127.0.0.1:{mail.port}",
            mail_tls=False,
            grafana_url="http://localhost:3000",
        )
    )
    config["route"] |= {"group_wait": "1s", "group_interval": "1s"}
    (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(config))
    ports = {"prometheus": free_port(), "alertmanager": free_port()}
    rules = yaml.safe_load((REPO / "monitoring/prometheus/rules/alerts.yml").read_text())
    for group in rules["groups"]:
        group["rules"] = [
            rule | {"for": "1s"}
            for rule in group["rules"]
            if rule["alert"] in {f[3] for f in (*FAULTS.values(), INHIBITED)}
        ]
    rules["groups"] = [group for group in rules["groups"] if group["rules"]]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules))
    addresses = {"airflow": receiver.address, "alertmanager": f"127.0.0.1:{ports['alertmanager']}"}
    web_login = ("tester", secrets.token_hex(12))
    settings = prometheus_config.configuration(
        addresses, str(tmp_path / "rules.yml"), tmp_path / "login", prometheus_config.RUNBOOK
    )
    settings["global"]["evaluation_interval"] = "1s"
    for job in settings["scrape_configs"]:
        job |= {"scrape_interval": "1s", "scrape_timeout": "1s"}
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(settings))
    started = [
        commands.alertmanager(
            program(build.ALERTMANAGER),
            config=tmp_path / "alertmanager.yml",
            web_config=login.guard(tmp_path / "am-login", *web_login),
            data=tmp_path / "am",
            web_port=ports["alertmanager"],
        ),
        commands.prometheus(
            program(build.PROMETHEUS),
            config=tmp_path / "prometheus.yml",
            web_config=login.guard_and_show(tmp_path / "login", *web_login),
            data=tmp_path / "tsdb",
            web_port=ports["prometheus"],
            retention="1d",
            retention_size="1GB",
        ),
    ]
    logs = [(tmp_path / f"{number}.log").open("wb") for number in range(len(started))]
    receiver.prometheus = PrometheusClient(f"http://127.0.0.1:{ports['prometheus']}", web_login)
    processes = [subprocess.Popen(one, stderr=log) for one, log in zip(started, logs, strict=True)]

    def ready() -> bool:
        try:
            return all(
                httpx.get(f"http://127.0.0.1:{port}/-/ready", auth=web_login, timeout=2).is_success
                for port in ports.values()
            )
        except httpx.HTTPError:
            return False

    try:
        wait_for("both are ready", ready)
        yield receiver, mailbox
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(20)
        mail.stop()
        receiver.server.shutdown()


def test_each_severity_is_delivered_to_its_receiver_and_so_is_its_end(watched: tuple[Receiver, Mailbox]) -> None:
    receiver, mailbox = watched

    def told(severity: str, over: bool) -> bool:
        alert = FAULTS[severity][3].lower()
        if severity == "warning":
            texts = [text for text in mailbox.mails if text.startswith("Over: ") is over]
        elif severity == "ticket":
            texts = [json.dumps(body) for path, body in receiver.got if path == "/slack"]
            texts = [text for text in texts if ("Over: " in text) is over]
        else:
            action = "resolve" if over else "trigger"
            sent = [body for path, body in receiver.got if path == "/pagerduty" and body["event_action"] == action]
            texts = [json.dumps(body) for body in sent]
        return any(f"monitoring/runbook.md#{alert}" in text and "localhost:3000/d/airfleet-" in text for text in texts)

    assert not receiver.got
    for name, _, faulty, _ in FAULTS.values():
        receiver.values[name] = faulty
    for severity in FAULTS:
        wait_for(f"the {severity} is told", lambda s=severity: told(s, False))
    for name, healthy, _, _ in FAULTS.values():
        receiver.values[name] = healthy
    for severity in FAULTS:
        wait_for(f"the end of the {severity} is told", lambda s=severity: told(s, True))


def test_an_alert_that_follows_from_another_is_not_delivered(watched: tuple[Receiver, Mailbox]) -> None:
    receiver, _ = watched
    cause = FAULTS["page"]
    receiver.values[cause[0]] = cause[2]
    wait_for("the cause is told", lambda: receiver.got)
    receiver.values[INHIBITED[0]] = INHIBITED[2]
    unrelated = FAULTS["ticket"]
    wait_for("the effect fires", lambda: _fires(receiver, INHIBITED[3]))
    receiver.values[unrelated[0]] = unrelated[2]
    wait_for("a later, unrelated alert is told", lambda: unrelated[3].lower() in json.dumps(receiver.got))
    assert INHIBITED[3].lower() not in json.dumps(receiver.got)


def _fires(receiver: Receiver, alert: str) -> bool:
    return bool(receiver.prometheus.instant(f'ALERTS{{alertname="{alert}",alertstate="firing"}}'))
