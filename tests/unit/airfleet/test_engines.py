"""Which engine a checkout uses is recorded, and only one that there is."""

from pathlib import Path

import pytest

from airfleet.config import env_file, settings
from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.config.settings import Settings
from airfleet.stack.engines import choose


@pytest.fixture
def given(tmp_path: Path) -> tuple[Settings, Paths]:
    env_file.fill(tmp_path / ".env", Paths().env_example)
    return settings.load(tmp_path / ".env"), Paths(tmp_path)


def test_an_engine_that_there_is_not_is_refused_and_not_recorded(given: tuple[Settings, Paths]) -> None:
    with pytest.raises(AirfleetError, match="no engine 'podman'; there are docker and embedded"):
        choose(*given, "podman")
    assert choose(*given, "embedded").engine == "embedded"
    assert choose(*given).engine == "embedded"


def test_a_record_that_names_no_engine_counts_as_none(given: tuple[Settings, Paths]) -> None:
    record = given[1].state / "engine"
    record.parent.mkdir()
    record.write_text("podman\n")
    assert choose(*given, "embedded").engine == "embedded"
    assert record.read_text() == "embedded\n"
