"""What tests of the bench would wait for again and again: this machine's speed, for which Airflow is imported."""

import pytest

from bench import summary


@pytest.fixture(autouse=True)
def _known_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "import_cpu_s", lambda: 2.5)
