"""Several instances on one machine, each measured while the others are halted."""

import math
import os
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

import psutil

from airfleet.stack.protocol import Say
from bench.instance import STOCK, Instance

# A resumed instance has caught up when the machine uses no more than this many cores for this long, or after _WOKEN_S.
_IDLE_CORES, _LOOK_S = 0.5, 0.5
_WOKEN_S = 5.0
_T = TypeVar("_T")


def order(given: Sequence[_T], number: int) -> Sequence[_T]:
    """Return *given* in the order of turn *number*: the first one changes each time."""
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
    """Wait, so that work that an instance's roles postponed while halted is not part of a sample."""
    until = time.monotonic() + _WOKEN_S
    while psutil.cpu_percent(_LOOK_S) / 100 * (os.cpu_count() or 1) > _IDLE_CORES and time.monotonic() < until:
        pass


def in_turn(
    given: Sequence[Instance], pairs: int, say: Say, until: float = math.inf, *, official_every: int = 1
) -> Iterator[tuple[int, Instance]]:
    """Give each of *given* the machine *pairs* times, with the number of the pair; the first one changes each time.

    The stock profile has its turn in every *official_every*-th pair only. No pair starts after *until* (monotonic
    seconds). At the end all of them are resumed.
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
