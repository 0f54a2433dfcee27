"""When a stuck worker is ended, and what Docker's output means."""

import signal

import pytest

from airfleet.stack.docker import compose
from airfleet.stack.docker.worker_health import Past, next_step
from airfleet.stack.init import outside


def checks(answers: list[bool], grace_s: float = 60, seconds: float = 30) -> list[signal.Signals | None]:
    past, sent = Past(), []
    for number, healthy in enumerate(answers):
        past, send = next_step(past, healthy, number * seconds, grace_s)
        sent.append(send)
    return sent


def test_a_worker_is_asked_to_stop_at_the_third_refusal_in_a_row_and_not_before() -> None:
    assert checks([False, False]) == [None, None]
    assert checks([False, False, False]) == [None, None, signal.SIGTERM]


def test_one_good_answer_starts_the_count_anew() -> None:
    assert checks([False, False, True, False, False]) == [None] * 5


def test_a_worker_that_ends_its_tasks_is_left_alone_until_its_grace_is_over() -> None:
    assert checks([False] * 5) == [None, None, signal.SIGTERM, None, None]
    assert checks([False] * 6)[-1] is signal.SIGKILL


@pytest.mark.parametrize(
    ("text", "size"), [("61.5MiB", 64487424), ("2GiB", 2 << 30), ("512B", 512), ("--", 0), ("0B", 0)]
)
def test_sizes_of_docker_are_read_as_bytes(text: str, size: int) -> None:
    assert compose.parse_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "version"), [("2.40.3", (2, 40)), ("v2.20.0-desktop.1", (2, 20)), ("5.1.1", (5, 1)), ("dev", (0, 0))]
)
def test_versions_of_compose_are_read(text: str, version: tuple[int, int]) -> None:
    assert compose.compose_version(text) == version


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@h:1/d?sslmode=verify-full",
        "postgresql+psycopg2://u:p@h:1/d?sslmode=verify-full",
        "db+postgresql+psycopg2://u:p@h:1/d?sslmode=verify-full",
    ],
)
def test_every_form_of_a_database_url_is_the_same_address(url: str) -> None:
    assert outside.dsn(url) == "postgresql://u:p@h:1/d?sslmode=verify-full"
