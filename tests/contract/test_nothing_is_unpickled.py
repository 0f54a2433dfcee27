"""No client of Celery reads pickles: not as messages, results, events or commands."""

import configparser
import runpy

import pytest
from celery import Celery
from celery.backends.database import DatabaseBackend
from kombu.serialization import registry

from airfleet.celery_client import CeleryClient
from airfleet.config.paths import Paths


def _airflows(monkeypatch: pytest.MonkeyPatch, address: str) -> Celery:
    """Return the app of the scheduler and the workers, made from airflow.cfg."""
    from airflow.configuration import conf
    from airflow.providers.celery.executors.celery_executor_utils import create_celery_app

    cfg = configparser.ConfigParser(interpolation=None)
    cfg.read(Paths().airflow_cfg)
    monkeypatch.setenv("AIRFLOW__CELERY__EXTRA_CELERY_CONFIG", cfg["celery"]["extra_celery_config"])
    monkeypatch.setenv("AIRFLOW__CELERY__RESULT_BACKEND", address)
    return create_celery_app(conf)


@pytest.mark.parametrize("scheme", ["db+sqlite", "database+sqlite"])
def test_airflows_results_are_plain_whatever_address_env_names(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    from airfleet.runtime.results import PlainResults

    backend = _airflows(monkeypatch, f"{scheme}://").backend
    assert isinstance(backend, DatabaseBackend)
    assert type(backend) is PlainResults


def test_messages_events_and_commands_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CELERY__BROKER_URL", "memory://")
    monkeypatch.setenv("WORKER_QUEUES", "default")
    # Flower's file leaves Celery's defaults in force.
    flowers = runpy.run_module("airfleet.stack.flower_config")
    assert not [name for name in flowers if "accept" in name or "serializer" in name]
    for app in (_airflows(monkeypatch, "db+sqlite://"), CeleryClient("memory://")._app, Celery("flower")):
        accepted = {*app.conf.accept_content, *(app.conf.result_accept_content or ()), app.conf.event_serializer}
        assert {*accepted, app.conf.task_serializer, app.conf.result_serializer} == {"json"}
    # kombu refuses this by itself unless a program of ours would allow it.
    assert registry.name_to_type["pickle"] in registry._disabled_content_types
