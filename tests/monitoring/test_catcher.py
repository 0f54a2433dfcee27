"""Until .env names a mail server, Alertmanager's messages reach the local mail catcher, behind its password."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from support.checkout import ROOT, wait_until

from airfleet.observe.servers import build, commands, login
from airfleet.observe.servers.alertmanager_init import write
from airfleet.stack import mailbox
from airfleet.stack.preflight import free_ports


def alert(reason: str) -> dict[str, dict[str, str]]:
    """Return one of two alerts that differ in their reason, and so have no summary in common."""
    labels = {"alertname": "TasksKilled", "dag_id": "sales", "severity": "ticket", "reason": reason}
    texts = dict.fromkeys(("description", "runbook_url", "__dashboardUid__", "__panelId__", "panel"), "a text")
    return {"labels": labels, "annotations": {"summary": f"Tasks were killed ({reason})", **texts}}


# Go's programs send a password in the clear to 127.0.0.1 only; under Compose the catcher is another host.
@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
@pytest.mark.parametrize(
    ("reasons", "subject"),
    [(("signal",), "Tasks were killed (signal)"), (("signal", "lost"), "TasksKilled sales: 2 alerts")],
)
def test_a_message_is_caught_with_a_title_whatever_its_alerts_have_in_common(
    host: str, reasons: tuple[str, ...], subject: str, tmp_path: Path, program: Callable[[build.Program], Path]
) -> None:
    mail_port, web_port = free_ports(2)
    given = {
        "MAIL_CATCHER_ADDRESS": f"{host}:{mail_port}",
        "MAIL_CATCHER_PASSWORD": secrets.token_hex(12),
        "MAIL_CATCHER_FOLDER": str(tmp_path / "mail"),
        "MAIL_TO": "team@localhost",
        "MAIL_FROM": "airfleet@localhost",
        "PYTHONPATH": str(ROOT / "src"),
    }
    config = write(tmp_path / "config", given)
    config.write_text(config.read_text().replace("group_wait: 15s", "group_wait: 1s"))
    web_login = ("tester", secrets.token_hex(12))
    manager = commands.alertmanager(
        program(build.ALERTMANAGER),
        config=config,
        web_config=login.guard(tmp_path / "login", *web_login),
        data=tmp_path / "data",
        web_port=web_port,
    )
    catcher = [sys.executable, "-P", "-m", "airfleet.stack.mail_catcher"]
    started = [subprocess.Popen(catcher, env={**os.environ, **given}), subprocess.Popen(manager)]
    try:

        def taken() -> bool:
            try:
                url = f"http://127.0.0.1:{web_port}/api/v2/alerts"
                return httpx.post(url, json=[alert(reason) for reason in reasons], auth=web_login).is_success
            except httpx.HTTPError:
                return False

        wait_until("Alertmanager takes the alerts", taken)
        mails = wait_until("the message is caught", lambda: mailbox.read(tmp_path / "mail"))
        assert [mail.subject for mail in mails] == [subject]
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(20)
