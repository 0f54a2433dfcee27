"""A dag-processor rests while it has nothing to do, and leaves many unchanged files alone for longer."""

from types import SimpleNamespace

import pytest

from airfleet.upstream.parsing_loop import IDLE_S, LONGEST_S, interval_s, pacing, resting


@pytest.mark.parametrize(
    ("in_work", "queued", "asked_s", "waits_s"),
    [
        ({}, [], 0.9, IDLE_S),
        ({"file": "process"}, [], 0.9, 0.9),
        ({}, ["file"], 0.9, 0.9),
        # What Airflow asks for after a round of more than a second.
        ({}, [], 0.0, IDLE_S),
        ({}, ["file"], 0.0, 0.0),
    ],
)
def test_the_wait_is_longer_only_when_idle(
    in_work: dict[str, str], queued: list[str], asked_s: float, waits_s: float
) -> None:
    waited: list[float | None] = []
    service = resting(lambda _, timeout: waited.append(timeout))
    service(SimpleNamespace(_processors=in_work, _file_queue=queued), timeout=asked_s)
    assert waited == [waits_s]


@pytest.mark.parametrize(
    ("files", "parsed_in_s", "shortest_s", "interval"),
    [
        (0, 0.0, 30.0, 30.0),
        (12, 0.1, 30.0, 30.0),
        (200, 0.1, 30.0, 80.0),
        (5000, 0.1, 30.0, LONGEST_S),
        # Who sets more has it so.
        (12, 0.1, 900.0, 900.0),
    ],
)
def test_the_more_parsing_takes_the_less_often_it_is_done_again(
    files: int, parsed_in_s: float, shortest_s: float, interval: float
) -> None:
    assert interval_s([parsed_in_s] * files, shortest_s) == pytest.approx(interval)


def test_the_interval_is_that_of_the_last_parses_when_files_are_queued() -> None:
    seen: list[float] = []
    prepare = pacing(lambda manager, known_files: seen.append(manager._file_process_interval), shortest_s=30.0)
    never_parsed, slow = SimpleNamespace(last_duration=None), SimpleNamespace(last_duration=20.0)
    manager = SimpleNamespace(_file_process_interval=30.0, _file_stats={"a": never_parsed})
    prepare(manager, known_files={})
    manager._file_stats["b"] = slow
    prepare(manager, known_files={})
    slow.last_duration = 0.2
    prepare(manager, known_files={})
    assert seen == [30.0, 80.0, 30.0]
