"""Settings are read once, from the file alone, and a bad file names every bad key."""

import re
from pathlib import Path

import pytest

from airfleet.config import env_file, settings
from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths

EXAMPLE = Paths().env_example


@pytest.fixture
def env(tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    env_file.fill(path, EXAMPLE)
    return path


def change(path: Path, **values: str) -> None:
    lines = path.read_text().splitlines()
    for key, value in values.items():
        lines = [f"{key}={value}" if line.startswith(f"{key}=") else line for line in lines]
    path.write_text("\n".join(lines) + "\n")


def test_the_generated_file_is_complete_and_readable_by_its_owner_alone(env: Path) -> None:
    assert settings.load(env).webserver_port == 8080
    assert env.stat().st_mode & 0o077 == 0


def test_generated_secrets_differ_from_each_other_and_between_files(env: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    env_file.fill(other, EXAMPLE)
    first, second = settings.load(env).secrets(), settings.load(other).secrets()
    assert len(set(first + second)) == len(first) + len(second)


def test_filling_again_changes_nothing_and_an_emptied_secret_is_the_only_one_made_anew(env: Path) -> None:
    before = env.read_text()
    assert env_file.fill(env, EXAMPLE) == []
    assert env.read_text() == before
    change(env, REDIS_PASSWORD="")
    assert env_file.fill(env, EXAMPLE) == ["REDIS_PASSWORD"]
    assert len(settings.load(env).redis_password.get_secret_value()) >= 32


def test_a_key_that_a_newer_version_brings_is_added_with_its_default(env: Path) -> None:
    lines = [line for line in env.read_text().splitlines() if not line.startswith(("WORKERS=", "JWT_SECRET="))]
    env.write_text("\n".join(lines) + "\n")
    assert set(env_file.fill(env, EXAMPLE)) == {"WORKERS", "JWT_SECRET"}
    assert settings.load(env).workers == 2


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(AirfleetError, match=r"\./airfleet init"):
        settings.load(tmp_path / ".env")


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("WEBSERVER_PORT", "http", "whole number from 1 to 65535"),
        ("WEBSERVER_PORT", "70000", "whole number from 1 to 65535"),
        ("WORKERS", "0", "whole number from 1 to 64"),
        ("BIND_ADDRESS", "everywhere", "needs to be an IPv4 address"),
        ("WORKER_QUEUES", "default,,heavy", "separated by single commas"),
        ("FIRST_RUN", "retail only", "MODULE:DAG_ID"),
        ("BASE_URL", "https://airflow.example.com/airflow", "no path"),
        ("BASE_URL", "https://airflow.example.com/?x=1", "no path"),
        ("BASE_URL", "https://user@airflow.example.com", "no path"),
        ("BASE_URL", "airflow.example.com", "http:// or https://"),
        ("WEBSERVER_PORT", "8_080", "whole number"),
        ("WEBSERVER_PORT", "08080", "whole number"),
        ("SMTP_DISABLE_TLS", "yes", "true or false"),
        ("MONITORING", "true", "on or off"),
        # Read by Compose alone: refused with the embedded engine too.
        ("POSTGRES_MEMORY", "1 gigabyte", "as 512m"),
        ("POSTGRES_CPUS", "two", "a number of cores"),
        ("WEBSERVERS", "9", "whole number from 1 to 8"),
        ("METRICS_SUBNET", "172.31.251.0/99", "IPv4 network"),
        ("METADATA_SERVER", "postgres", "HOST:PORT"),
        ("LOG_MAX_FILES", "", "whole number of at least 1"),
        ("FERNET_KEY", "", "not a Fernet key"),
        ("FERNET_KEY", "c2hvcnQ=", "not a Fernet key"),
        ("JWT_SECRET", "a" * 63, "63 bytes, and needs at least 64"),
        ("API_SECRET_KEY", "b" * 31, "31 bytes, and needs at least 32"),
        ("REDIS_PASSWORD", "change-me-now-please", "placeholder"),
        ("REDIS_PASSWORD", "short", "5 characters, and needs at least 12"),
        ("REDIS_PASSWORD", "with space and @ sign", "characters other than"),
        ("ADMIN_PASSWORD", "", "is empty"),
        ("MONITORING_PASSWORD", "m" * 73, "73 characters, and may have 72 at most"),
    ],
)
def test_a_bad_value_is_named_with_what_is_needed(env: Path, key: str, value: str, said: str) -> None:
    change(env, **{key: value})
    with pytest.raises(AirfleetError) as caught:
        settings.load(env)
    assert len(caught.value.problems) == 2, caught.value.problems
    assert caught.value.problems[0].startswith(key)
    assert said in caught.value.problems[0]


def test_no_error_shows_a_regular_expression(env: Path) -> None:
    keys = [name.upper() for name in settings.Settings.names()]
    change(env, **dict.fromkeys(keys, "~ bad ~"))
    with pytest.raises(AirfleetError) as caught:
        settings.load(env)
    assert len(caught.value.problems) > 80
    assert not [said for said in caught.value.problems if re.search(r"pattern|\\[wds]|\[.*\]|[\^+]", said)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("SMTP_PASSWORD=pa$word", "SMTP_PASSWORD has a $, which Compose replaces"),
        ('AIRFLOW_CONN_SHOP="postgres://u:${X}@h/d"', "AIRFLOW_CONN_SHOP has a $"),
        ('RETAIL_NOTE="a\nb"', "RETAIL_NOTE has a line break"),
        ("odd-key=1", "'odd-key' is not a key"),
        ("no value", "is not KEY=value"),
    ],
)
def test_a_line_that_compose_would_read_differently_is_refused_without_its_value(
    env: Path, line: str, said: str
) -> None:
    env.write_text(env.read_text() + line + "\n")
    with pytest.raises(AirfleetError) as caught:
        settings.load(env)
    assert said in caught.value.problems[0]
    assert "word" not in str(caught.value).replace("SMTP_PASSWORD", "")


def test_a_dollar_sign_between_single_quotes_is_part_of_the_value(env: Path) -> None:
    change(env, SMTP_PASSWORD="'pa${word}'")
    assert settings.load(env).smtp_password.get_secret_value() == "pa${word}"


def test_what_settings_write_is_what_they_read(env: Path) -> None:
    found = settings.load(env)
    written = found.written()
    assert written["MONITORING"] == "on"
    assert written["SMTP_DISABLE_TLS"] == "false"
    again = settings.Settings(**{key.lower(): value for key, value in written.items()})
    assert again.written() == written


def test_an_unknown_key_is_named_with_the_nearest_known_one(env: Path) -> None:
    assert settings.unknown_keys(env) == []
    env.write_text(env.read_text() + "WORKER_CONCURENCY=4\nworkers=3\nTOTALLY_ELSE=1\n")
    first, second, third = settings.unknown_keys(env)
    assert first.startswith("WORKER_CONCURENCY in ")
    assert first.endswith("Is WORKER_CONCURRENCY meant?")
    assert second.endswith("Is WORKERS meant?")
    assert third.endswith("TOTALLY_ELSE in " + f"{env} is read by nothing.")


def test_keys_of_airflow_and_of_the_team_are_known(env: Path) -> None:
    change(env, WORKER_VARIABLE_PREFIXES="RETAIL_,AIRFLOW_CONN_,AIRFLOW_VAR_,TEAM_")
    mine = (
        "AIRFLOW__CORE__PARALLELISM=3\nAIRFLOW_CONN_SHOP=http://h\nAIRFLOW_VAR_X=1\nTEAM_X=\nCOMPOSE_PROFILES=heavy\n"
    )
    env.write_text(env.read_text() + mine)
    assert settings.unknown_keys(env) == []
    assert settings.load(env).worker_variables["AIRFLOW_VAR_X"] == "1"


def test_every_bad_key_is_named_at_once_and_no_secret_is_shown(env: Path) -> None:
    change(env, WORKERS="x", SCHEDULERS="x", JWT_SECRET="private-but-short", FERNET_KEY="private-too")
    with pytest.raises(AirfleetError) as caught:
        settings.load(env)
    said = str(caught.value)
    assert all(key in said for key in ("WORKERS", "SCHEDULERS", "JWT_SECRET", "FERNET_KEY"))
    assert "private" not in said


def test_secrets_are_not_in_the_settings_text(env: Path) -> None:
    found = settings.load(env)
    assert not [secret for secret in found.secrets() if secret in repr(found)]


def test_a_variable_of_the_shell_does_not_change_what_the_file_says(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBSERVER_PORT", "9999")
    assert settings.load(env).webserver_port == 8080


def test_windows_line_ends_are_read(env: Path) -> None:
    env.write_bytes(env.read_bytes().replace(b"\n", b"\r\n"))
    assert settings.load(env).worker_queues == "default"


def test_a_file_that_is_not_text_is_refused(env: Path) -> None:
    env.write_bytes(b"\xff\xfe" + env.read_bytes())
    with pytest.raises(AirfleetError, match="UTF-8"):
        settings.load(env)
