"""Several instances on one machine, each measured while the others are halted."""

import math
import os
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

import psutil

from airfleet.stack.protocol import Say
from bench.instance import STOCK, Instance

# One that was woken has caught up when the machine uses no more than so many cores for so long, or after _WOKEN_S.
_IDLE_CORES, _LOOK_S = 0.5, 0.5
_WOKEN_S = 5.0
_T = TypeVar("_T")


def order(given: Sequence[_T], number: int) -> Sequence[_T]:
    """Return *given* in the order of turn *number*: who is first changes each time."""
    return given if number % 2 else given[::-1]


def only(one: Instance, given: Sequence[Instance]) -> None:
    """Let *one* of *given* have the machine to itself."""
    for other in given:
        if other is not one:
            other.freeze()
    one.thaw()
    if len(given) > 1:
        _wait_until_idle()


def _wait_until_idle() -> None:
    """Let what an instance's roles put off while they were halted be no part of a sample."""
    until = time.monotonic() + _WOKEN_S
    while psutil.cpu_percent(_LOOK_S) / 100 * (os.cpu_count() or 1) > _IDLE_CORES and time.monotonic() < until:
        pass


def in_turn(
    given: Sequence[Instance], pairs: int, say: Say, until: float = math.inf, *, official_every: int = 1
) -> Iterator[tuple[int, Instance]]:
    """Give each of *given* the machine *pairs* times, with the number of the pair; who is first changes each time.

    The official deployment has its turn in every *official_every*-th pair alone. No further pair is begun after *until*
    (monotonic seconds). At the end all of them go on.
    """
    turn: Instance | None = None
    for number in range(pairs):
        if number and time.monotonic() > until:
            break
        for one in order(given, number):
            if one.profile == STOCK and number % official_every:
                continue
            say(f"{number + 1} of {pairs}: {one.profile}")
            if one is not turn:
                only(one, given)
            turn = one
            yield number, one
    for one in given:
        one.thaw()
