"""The connection for mail comes from the mail settings, in the processes that may send any."""

import json

import pytest

from airfleet.runtime import mail_connection

GIVEN = {
    "MAIL_FROM": "airflow@example.org",
    "SMTP_HOST": "smtp.example.org",
    "SMTP_PORT": "2525",
    "SMTP_USER": "team",
    "SMTP_PASSWORD": 'it\'s "quoted" $HOME \\ #',
    "SMTP_DISABLE_TLS": "false",
    "MAIL_CATCHER_ADDRESS": "127.0.0.1:1025",
    "MAIL_CATCHER_PASSWORD": "for the catcher",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv(mail_connection.VARIABLE, raising=False)
    for key, value in GIVEN.items():
        monkeypatch.setenv(key, value)
    return monkeypatch


def made() -> dict[str, object]:
    mail_connection.provide()
    found: dict[str, object] = json.loads(mail_connection.os.environ[mail_connection.VARIABLE])
    return found


def test_mail_goes_to_the_named_server_with_its_password_unchanged(environment: pytest.MonkeyPatch) -> None:
    found = made()
    assert (found["host"], found["port"], found["login"]) == ("smtp.example.org", 2525, "team")
    assert found["password"] == GIVEN["SMTP_PASSWORD"]
    assert found["extra"] == {"disable_ssl": True, "disable_tls": False, "from_email": GIVEN["MAIL_FROM"]}


def test_mail_goes_to_the_catcher_while_no_server_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SMTP_HOST", "")
    found = made()
    assert (found["host"], found["port"], found["password"]) == ("127.0.0.1", 1025, "for the catcher")
    assert found["extra"] == {"disable_ssl": True, "disable_tls": True, "from_email": GIVEN["MAIL_FROM"]}


def test_a_teams_own_connection_is_left_alone(environment: pytest.MonkeyPatch) -> None:
    environment.setenv(mail_connection.VARIABLE, '{"conn_type": "smtp", "host": "own"}')
    assert made()["host"] == "own"


def test_a_process_that_sends_no_mail_gets_no_connection(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("MAIL_CATCHER_ADDRESS")
    mail_connection.provide()
    assert mail_connection.VARIABLE not in mail_connection.os.environ
