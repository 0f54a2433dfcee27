"""CPU seconds and memory of an instance's roles, by process tree."""

import contextlib
import time
from collections import defaultdict
from dataclasses import dataclass

import psutil

from airfleet.stack.embedded.states import pss_bytes
from bench.instance import Instance


@dataclass(frozen=True)
class Use:
    """CPU seconds by role and wall seconds between two readings."""

    cpu_s: dict[str, float]
    wall_s: float

    @property
    def total_cpu_s(self) -> float:
        """CPU seconds of all roles."""
        return sum(self.cpu_s.values())


class Meter:
    """Counts from its creation."""

    def __init__(self, of: Instance) -> None:
        self._of = of
        self._before = cpu_seconds(of)
        self._began = time.monotonic()

    def use(self) -> Use:
        """Return the use since then."""
        now, wall = cpu_seconds(self._of), time.monotonic() - self._began
        return Use({role: now[role] - self._before[role] for role in now}, wall)


def cpu_seconds(of: Instance) -> dict[str, float]:
    """Return the CPU seconds that each role has used since its start, those of ended children included."""
    used: dict[str, float] = defaultdict(float)
    for role, processes in trees(of).items():
        for process in processes:
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                used[role] += times.user + times.system + times.children_user + times.children_system
    return used


def memory_bytes(of: Instance) -> dict[str, int]:
    """Return each role's proportional set size: shared pages count once, divided among those that share them."""
    return {role: sum(pss_bytes(process) for process in processes) for role, processes in trees(of).items()}


def trees(of: Instance) -> dict[str, list[psutil.Process]]:
    """Return every role's processes; workers of several count as one role."""
    found: dict[str, list[psutil.Process]] = {}
    for state in of.stack.manager.states():
        if not state.pid:
            continue
        role = state.name.rstrip("0123456789").rstrip("-")
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(state.pid)
            found.setdefault(role, []).extend([process, *process.children(recursive=True)])
    return found
