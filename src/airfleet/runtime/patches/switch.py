"""AIRFLEET_PATCHES of .env: `on`, `off`, or the names of the changes that are wanted, separated by commas."""

import os
from collections.abc import Collection, Iterable
from typing import TypeVar

from airfleet.runtime.patches.patch import Patch

VARIABLE = "AIRFLEET_PATCHES"
ON, OFF = "on", "off"
_P = TypeVar("_P", bound=Patch)


def value() -> str:
    """Return what this process was told."""
    return os.environ.get(VARIABLE, ON)


def wanted(said: str, known: Iterable[_P]) -> list[_P]:
    """Return those of *known* that *said*, a value of the variable, asks for; unknown names ask for nothing."""
    if said in (ON, OFF):
        return list(known) if said == ON else []
    names = said.split(",")
    return [patch for patch in known if patch.name in names]


def problem(said: str, known: Collection[str]) -> str | None:
    """Return what is wrong with *said*, with the nearest of the *known* names for each that is unknown."""
    if said in (ON, OFF):
        return None
    # Only a wrong value pays for it.
    import difflib

    unknown = []
    for name in said.split(","):
        if name not in known:
            near = difflib.get_close_matches(name, [*sorted(known), ON, OFF], 1, cutoff=0)
            unknown.append(f"{name!r} (nearest: {near[0]})")
    if not unknown:
        return None
    return f"names {', '.join(unknown)}, which is no known change; it takes on, off, or names from ./airfleet patches"
