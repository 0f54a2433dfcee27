"""Sessions of the web UI are signed with a key that only the webserver holds."""

import configparser
from pathlib import Path

import pytest
from flask import Config

from airfleet.config.paths import Paths


def _flask() -> Config:
    """Return Flask's settings as Airflow reads them over its own."""
    cfg = configparser.ConfigParser(interpolation=None)
    cfg.read(Paths().airflow_cfg)
    path = Path(cfg["fab"]["config_file"].replace("$AIRFLOW_HOME", str(Paths().airflow_home)))
    # Airflow takes no notice of a file that is missing: sessions would have [api] secret_key again.
    settings = Config(str(path.parent), {"SECRET_KEY": "[api] secret_key"})
    assert settings.from_pyfile(str(path), silent=False)
    return settings


def test_flasks_key_is_that_of_the_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSION_KEY", "k" * 96)
    assert _flask()["SECRET_KEY"] == "k" * 96


@pytest.mark.parametrize("value", [None, ""])
def test_a_process_without_it_has_a_key_that_nobody_knows(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("SESSION_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("SESSION_KEY", value)
    first, second = _flask()["SECRET_KEY"], _flask()["SECRET_KEY"]
    assert first != second
    assert len(first) >= 64
