"""The bench's JSON: ratios, medians, raw samples, machine and versions."""

import os
import platform
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from statistics import median
from typing import Any

import psutil

from bench.compare import Samples
from bench.instance import OURS, SLOTS, STOCK
from bench.part import medians

# The figure of each ratio (ours / stock), and its target: at least for the burst, at most for all others.
RATIOS = {
    "burst": "burst_tasks_per_s",
    "chain": "chain_step_s",
    "cpu_per_task": "burst_cpu_per_task_s",
    "idle_cpu": "idle_cores",
    "memory": "memory_mib",
    "startup": "startup_s",
}
TARGETS = {"burst": 2.0, "chain": 0.25, "cpu_per_task": 0.8, "idle_cpu": 0.25, "memory": 0.7, "startup": 0.5}
_AT_LEAST = "burst"
# Three pairs of seconds each on a busy CI machine: it fails only when a gain is nearly lost.
FAST_LIMITS = {"burst": 1.1, "chain": 0.7, "cpu_per_task": 1.3, "idle_cpu": 0.7, "memory": 1.0, "startup": 1.5}
_PACKAGES = ("apache-airflow", "celery", "apache-airflow-providers-celery", "apache-airflow-providers-fab")


def write_down(samples: Samples, mode: str) -> dict[str, Any]:
    """Return everything that was measured, ready for JSON but for its conditions."""
    middle = {
        profile: {figure: round(median(values), 4) for figure, values in figures.items()}
        for profile, figures in samples.values.items()
    }
    return {
        "mode": mode,
        "slots": SLOTS,
        "ratios": ratios(middle),
        "targets": TARGETS,
        "medians": middle,
        "samples": samples.values,
        "cpu_s_per_task_by_role": {profile: medians(runs) for profile, runs in samples.cpu_by_role.items()},
        "details": {
            profile: {name: medians(runs) for name, runs in accounts.items()}
            for profile, accounts in samples.details.items()
        },
    }


def ratios(middle: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Return ours / stock for the median of every figure."""
    return {name: round(middle[OURS][figure] / middle[STOCK][figure], 3) for name, figure in RATIOS.items()}


def misses(found: Mapping[str, float], limits: Mapping[str, float]) -> list[str]:
    """Return a sentence for each ratio of *found* that is on the wrong side of its limit."""
    said = []
    for name, limit in limits.items():
        least = name == _AT_LEAST
        if found[name] < limit if least else found[name] > limit:
            wanted = f"{'at least' if least else 'at most'} {limit:g}"
            said.append(f"{name} is {found[name]:g} of stock, and should be {wanted}.")
    return said


def conditions() -> dict[str, Any]:
    """Return date, machine and versions of a measurement."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": machine(),
        "versions": {"python": platform.python_version()} | {name: metadata.version(name) for name in _PACKAGES},
    }


def machine() -> dict[str, Any]:
    """Return the size and the current speed of this machine."""
    return {
        "airflow_import_cpu_s": round(import_cpu_s(), 2),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(psutil.virtual_memory().total / (1 << 30), 1),
        "system": f"{platform.system()} {platform.machine()}",
    }


def import_cpu_s() -> float:
    """Return the CPU seconds that a fresh Python takes to import Airflow's command line.

    A machine with busy neighbours is slow at such work, even where it is fast in a loop that fits its caches.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as home:
        given = {"PATH": os.environ.get("PATH", os.defpath), "AIRFLOW_HOME": home}
        command = [sys.executable, "-P", "-W", "ignore", "-c", "import airflow.cli.cli_parser"]
        subprocess.run(command, env=given, check=True, capture_output=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
