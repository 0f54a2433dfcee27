"""What counts as a secret of a process's environment, and that a worker hides it from the next task's log too."""

import json

import pytest
from support.fresh_python import ask

from airfleet.runtime.own_secrets import secrets

WORKER = "airflow celery worker"


@pytest.mark.parametrize(
    ("name", "value", "hidden"),
    [
        ("AIRFLOW__CELERY__BROKER_URL", "redis://airflow:br0ker-key@redis:6379/0", "br0ker-key"),
        ("AIRFLOW__CELERY__RESULT_BACKEND", "db+postgresql+psycopg2://results:res%2Fults@h:1/d", "res/ults"),
        ("AIRFLOW__CORE__FERNET_KEY", "c29tZS1mZXJuZXQta2V5", "c29tZS1mZXJuZXQta2V5"),
        ("AIRFLOW_CONN_SHOP", "postgresql://user:sh0p-key@shop:5432/shop", "sh0p-key"),
        ("AIRFLOW_CONN_API", json.dumps({"conn_type": "http", "password": "ap1-key"}), "ap1-key"),
        ("AIRFLOW_CONN_BOX", json.dumps({"conn_type": "x", "extra": {"api_key": "b0x-key"}}), "b0x-key"),
        ("AIRFLOW_CONN_BAG", json.dumps({"conn_type": "x", "extra": json.dumps({"token": "b4g-key"})}), "b4g-key"),
        ("SMTP_PASSWORD", "ma1l-key", "ma1l-key"),
        ("HTTPS_PROXY", "http://me:pr0xy-key@proxy:3128", "pr0xy-key"),
        ("TEAM_FEED", "https://me:f33d-key@feed.example.org/x?y=1", "f33d-key"),
    ],
)
def test_a_secret_is_found_by_its_variable_or_inside_an_address(name: str, value: str, hidden: str) -> None:
    assert hidden in set(secrets({name: value}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AIRFLOW__API__BASE_URL", "http://localhost:8080"),
        ("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", "http://127.0.0.1:8080/execution/"),
        ("AIRFLOW__SMTP__SMTP_PORT", "587"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("MAIL_TO", "data-team@localhost"),
        ("SMTP_PASSWORD", ""),
    ],
)
def test_what_a_reader_of_logs_needs_is_no_secret(name: str, value: str) -> None:
    assert not list(filter(None, secrets({name: value})))


MASKED = """
    import os
    os.environ["AIRFLOW_CONN_SHOP"] = "postgresql://user:sh0p-key@shop:5432/shop"
    from airflow.sdk._shared.secrets_masker import mask_secret, redact, reset_secrets_masker
    reset_secrets_masker()
    mask_secret("of-one-task")
    reset_secrets_masker()
    print(redact("sh0p-key of-one-task"))
"""


def test_a_worker_forgets_the_secrets_of_a_task_and_keeps_its_own() -> None:
    assert ask(MASKED, role=WORKER) == "*** of-one-task"
    assert ask(MASKED, role=WORKER, patches="off") == "sh0p-key of-one-task"
