"""Flower's Celery app knows the broker and the queues before any worker is there."""

import pytest
from celery import Celery


def test_flower_shows_the_queues_of_env_while_no_worker_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_CONFIG_MODULE", "airfleet.stack.flower_config")
    monkeypatch.setenv("AIRFLOW__CELERY__BROKER_URL", "redis://redis:6379/0")
    monkeypatch.setenv("WORKER_QUEUES", "default,heavy")
    # Flower's command makes an app like this one: without a name, and without Airflow's.
    conf = Celery(set_as_current=False).conf
    assert conf.broker_url == "redis://redis:6379/0"
    # The two settings that Flower reads then.
    assert {conf.task_default_queue, *(queue.name for queue in conf.task_queues)} == {"default", "heavy"}
