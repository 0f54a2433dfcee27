"""A task's SLA is one line, and what is no SLA is read as none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airfleet.sla.declare import read_sla, sla
from airfleet.sla.listener import seconds_over


def test_what_is_declared_is_read_back_in_seconds() -> None:
    assert read_sla(sla(minutes=5)["doc_json"]) == 300
    assert read_sla(sla(timedelta(hours=1))["doc_json"]) == 3600


@pytest.mark.parametrize("seconds", [0, -1])
def test_an_sla_that_nothing_could_meet_is_refused(seconds: int) -> None:
    with pytest.raises(ValueError, match="longer than 0"):
        sla(seconds=seconds)


@pytest.mark.parametrize(
    "document",
    [
        None,
        "",
        "words with sla_seconds in them",
        "[]",
        '{"sla_seconds": "5"}',
        '{"sla_seconds": -5}',
        '{"sla_seconds": true}',
        '{"other": 5}',
        '{"nested": {"sla_seconds": 5}}',
        '{"sla_seconds": NaN}',
    ],
)
def test_a_document_that_declares_no_sla_is_read_as_none(document: str | None) -> None:
    assert read_sla(document) is None


@given(st.text())
def test_no_document_breaks_the_reader(document: str) -> None:
    assert read_sla(document) is None or read_sla(document) > 0  # type: ignore[operator]


def test_a_try_is_late_only_after_its_last_allowed_moment() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert seconds_over(start, start + timedelta(seconds=60), 60) == 0
    assert seconds_over(start, start + timedelta(seconds=61), 60) == 1
