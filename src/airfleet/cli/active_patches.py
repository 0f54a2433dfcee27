"""Where the changes to Airflow are active, by what the running roles report."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from airfleet.config.paths import Paths
from airfleet.runtime.patches import reported, switch
from airfleet.runtime.patches.patch import ROLES, Patch
from airfleet.runtime.patches.registry import PATCHES
from airfleet.stack.protocol import InstanceState, Stack

# Between what the engine and the process take for the process's start.
_SLACK_S = 5.0
NO_REPORT = "has not reported"


@dataclass(frozen=True)
class Place:
    """A change in one running process that needs it: `active`, or why it is not."""

    process: str
    state: str


def not_active(stack: Stack, states: Sequence[InstanceState]) -> list[str]:
    """Return a sentence for each healthy process in which a change that .env asks for is not active."""
    found = places([state for state in states if state.healthy], stack.paths)
    missing: dict[str, list[str]] = {}
    for patch in switch.wanted(stack.settings.airfleet_patches, PATCHES):
        for place in found[patch.name]:
            if place.state != reported.ACTIVE:
                missing.setdefault(place.process, []).append(patch.name)
    return [
        f"{process} works without changes that .env asks for: {', '.join(names)}. ./airfleet patches says why."
        for process, names in missing.items()
    ]


def places(states: Iterable[InstanceState], paths: Paths) -> Mapping[str, list[Place]]:
    """Return, by the name of each change, the processes of *states* that need it, and its state there."""
    found: dict[str, list[Place]] = {patch.name: [] for patch in PATCHES}
    for state in states:
        role = next((role for role in ROLES if state.name.startswith(role)), None)
        if role is None or not state.pid:
            continue
        said = reported.read(paths.airflow_home, state.reports_as)
        if said is not None and said.written < time.time() - state.uptime_s - _SLACK_S:
            said = None
        for patch in PATCHES:
            if role in patch.roles:
                found[patch.name].append(Place(state.name, _state(patch, said)))
    return found


def _state(patch: Patch, said: reported.Report | None) -> str:
    if said is None:
        return NO_REPORT
    if patch.name in said.states:
        return said.states[patch.name]
    if not switch.wanted(said.switch, [patch]):
        return f"started with {switch.VARIABLE}={said.switch}"
    return NO_REPORT
