"""A dag-processor rests while it has nothing to do, and only then."""

from types import SimpleNamespace

import pytest

from airfleet.upstream.parsing_loop import IDLE_S, resting


@pytest.mark.parametrize(
    ("in_work", "queued", "asked_s", "waits_s"),
    [
        ({}, [], 0.9, IDLE_S),
        ({"file": "process"}, [], 0.9, 0.9),
        ({}, ["file"], 0.9, 0.9),
        # A round that took longer than a second goes on at once.
        ({}, [], 0.0, 0.0),
    ],
)
def test_the_wait_is_longer_only_when_idle(
    in_work: dict[str, str], queued: list[str], asked_s: float, waits_s: float
) -> None:
    waited: list[float | None] = []
    service = resting(lambda _, timeout: waited.append(timeout))
    service(SimpleNamespace(_processors=in_work, _file_queue=queued), timeout=asked_s)
    assert waited == [waits_s]
