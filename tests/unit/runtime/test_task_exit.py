"""A supervisor notices the end of a task whose sockets closed before it could be reaped."""

import os
import time
from selectors import DefaultSelector
from types import SimpleNamespace
from typing import Any

import pytest

from airfleet.runtime.patches.changes.task_exit import wait_for_exit, waiting_for_exit

LONG_S = 30.0


def _child(lives_s: float) -> int:
    pid = os.fork()
    if pid == 0:
        time.sleep(lives_s)
        os._exit(0)
    return pid


def test_the_wait_ends_with_the_process_and_not_with_the_time() -> None:
    pid = _child(0.2)
    began = time.monotonic()
    wait_for_exit(pid, LONG_S)
    assert time.monotonic() - began < LONG_S / 2
    # It has ended, and is left for the supervisor to reap.
    assert os.waitpid(pid, os.WNOHANG) == (pid, 0)


def test_the_wait_for_a_process_that_goes_on_is_as_long_as_asked_for() -> None:
    pid = _child(LONG_S)
    began = time.monotonic()
    wait_for_exit(pid, 0.2)
    assert 0.2 <= time.monotonic() - began < LONG_S / 2
    os.kill(pid, 9)
    os.waitpid(pid, 0)


def test_a_process_that_was_reaped_is_not_waited_for() -> None:
    pid = _child(0)
    os.waitpid(pid, 0)
    began = time.monotonic()
    wait_for_exit(pid, LONG_S)
    assert time.monotonic() - began < LONG_S / 2


@pytest.mark.parametrize("sockets_left", [True, False])
def test_the_selector_is_waited_for_only_while_something_can_wake_it(sockets_left: bool) -> None:
    waited: list[float] = []

    def service(process: Any, max_wait_time: float, **_: Any) -> None:
        waited.append(max_wait_time)

    selector = DefaultSelector()
    reading, writing = os.pipe()
    if sockets_left:
        selector.register(reading, 1)
    pid = _child(0)
    waiting_for_exit(service)(SimpleNamespace(selector=selector, pid=pid), max_wait_time=LONG_S)
    assert waited == [LONG_S if sockets_left else 0]
    os.waitpid(pid, 0)
    selector.close()
    os.close(reading)
    os.close(writing)
