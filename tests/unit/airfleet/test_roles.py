"""Each role is given its own secrets and addresses, and nothing else."""

import json
from pathlib import Path

import pytest

from airfleet.config import env_file, settings
from airfleet.config.paths import Paths
from airfleet.config.settings import Settings
from airfleet.runtime.mail_connection import smtp_connection
from airfleet.stack import roles
from airfleet.stack.embedded import instances

AT = roles.Addresses(("pg", 1), ("redis", 2), ("web", 3), ("mail", 4))
# Who needs what; the metadata database is not for workers, and Postgres' superuser for no role at all.
NEEDS = {
    "metadata_password": {"airflow-webserver", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer"},
    "jwt_secret": {"airflow-webserver", "airflow-scheduler"},
    "api_secret_key": {"airflow-webserver", "airflow-scheduler", "airflow-worker", "airflow-triggerer"},
    "session_key": {"airflow-webserver"},
    "results_password": {"airflow-scheduler", "airflow-worker"},
    "redis_password": {"airflow-scheduler", "airflow-worker", "flower"},
    "warehouse_loader_password": {"airflow-worker"},
    "warehouse_reader_password": set(),
    "monitoring_reader_password": set(),
    "postgres_password": set(),
    "flower_password": {"flower"},
    "admin_password": set(),
}


@pytest.fixture
def given(tmp_path: Path) -> Settings:
    env_file.fill(tmp_path / ".env", Paths().env_example)
    return settings.load(tmp_path / ".env")


@pytest.mark.parametrize("secret", NEEDS)
def test_a_secret_reaches_the_roles_that_need_it(given: Settings, secret: str) -> None:
    value = getattr(given, secret).get_secret_value()
    has = {role.name for role in roles.ROLES if value in " ".join(roles.environment(role, given, AT).values())}
    assert has == NEEDS[secret]


@pytest.mark.parametrize(
    ("listens", "asked"), [("127.0.0.1", "127.0.0.1"), (instances.EVERYWHERE, "127.0.0.1"), ("10.0.0.5", "10.0.0.5")]
)
def test_embedded_workers_ask_the_webserver_where_it_listens(given: Settings, listens: str, asked: str) -> None:
    found = instances.addresses(given.model_copy(update={"bind_address": listens}))
    assert found.webserver == (asked, given.webserver_port)


def test_every_airflow_role_has_the_fernet_key(given: Settings) -> None:
    key = given.fernet_key.get_secret_value()
    has = {r.name for r in roles.ROLES if key in roles.environment(r, given, AT).values()}
    assert has == {r.name for r in roles.ROLES if r.runs_airflow}


def test_mail_goes_to_the_catcher_until_a_server_is_named(given: Settings) -> None:
    caught = json.loads(smtp_connection(roles.environment(roles.WORKER, given, AT)))
    assert (caught["host"], caught["port"], caught["extra"]["disable_tls"]) == ("mail", 4, True)
    named = given.model_copy(update={"smtp_host": "smtp.example.org"})
    sent = json.loads(smtp_connection(roles.environment(roles.WORKER, named, AT)))
    assert (sent["host"], sent["port"], sent["extra"]["disable_tls"]) == ("smtp.example.org", 587, False)
