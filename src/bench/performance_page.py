"""`python -m bench.performance_page JSON`: print docs/performance.md from the bench's JSON."""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.instance import OURS, STOCK
from bench.summary import RATIOS, misses

_SAID = {
    "burst": ("tasks a second in a burst", "at least"),
    "chain": ("seconds for each step of a chain", "at most"),
    "cpu_per_task": ("CPU seconds a task, all roles together", "at most"),
    "idle_cpu": ("cores used by the idle stack with its health checks", "at most"),
    "memory": ("MiB of memory, the roles that both run", "at most"),
    "startup": ("seconds from `up` on empty databases to the end of a first run", "at most"),
}

# The last run on a machine whose cores were not shared with busy neighbours.
_FAST = {"fast_cpu": 0.147, "fast_burst": 2.77, "fast_chain": 0.17, "fast_run": "25 November 2026, commit 8cc9087"}
_ON_FAST_CORES = (
    "The faster a core, the larger the gain where tasks run. When a task took `stock` 0.15 CPU seconds, airfleet ran"
    " 15.3 tasks a second against 5.5, and a step of a chain took 0.16 s against 0.94 s ({fast_run})."
)
# Memory shared by five roles forked from one process with the libraries, less that of the process itself.
_SHARED_MIB = 155
# Of the libraries' files in /proc/PID/smaps, read while both ran on 2026-11-26.
_SHARED_FILES_MIB = 52
# Reasons for missed targets; from profiles, logs and memory maps of 2026-11-25.
_LIMITS = {
    "burst": "The cores. At {cpu:.3f} CPU seconds a task, {cores} cores allow {most:.1f} tasks a second; {reached:.0%}"
    " of that is reached. `stock` leaves its cores idle for {idle:.0%} of a burst, so a slower core leaves less to"
    " gain. Where a task took `stock` {fast_cpu:g} CPU seconds, the ratio was {fast_burst:g} ({fast_run}).",
    "chain": "In a step the processes work one after the other: all roles use {chain_cpu:.2f} CPU seconds in {step:.2f}"
    " s, against {stock_chain_cpu:.2f} in {stock_step:.2f} s for `stock`, which mostly waits. A slow core makes the"
    " work longer and not the waiting. On a faster core the ratio was {fast_chain:g} ({fast_run}).",
    "cpu_per_task": "In a burst airfleet keeps every core busy, and two hardware threads of one core slow each other."
    " In a chain, one task at a time, the ratio is {chain:.2f}.",
    "idle_cpu": "The rest is Airflow's own periodic work: the dag-processor parses each file every 30 s, and the"
    " scheduler queries Postgres once a second.",
    "memory": "Airflow's imports take about 100 MiB in each of six processes. Five roles forked from one process that"
    " had imported the libraries took {mib} MiB less (411 instead of 566, before any work). That would make the ratio"
    " {shared:.2f}, and would not help under Docker. A pool process keeps 30 MiB of its own after its first task,"
    " because Python's reference counts write to pages that were shared.",
    "startup": "The cores. init and the imports of six roles use {start_cpu:.0f} CPU seconds (see below), which is"
    " {start_least:.0f} of the {start:.0f} s on {cores} cores.",
}
_TITLES = {
    "first-dags": "The three pipelines at once",
    "scale-out": "Scale-out",
    "load": "Cost against load",
    "waiting": "Tasks that run for long",
    "parse": "A thousand Dags",
    "soak": "A soak",
}
_SPEED = "CPU seconds of an import of Airflow's command line"
_NOT_FIGURES = ("machine", "versions", "samples")
_ABOUT = {
    "first-dags": "The three Dags of the first `up`, started together on a loaded warehouse. Seconds are from the first"
    " start to the last end.",
    "scale-out": "64 tasks that wait 20 s each, with workers of 8 slots. The ceiling is what the slots alone allow;"
    " efficiency is the speed-up over one worker, divided by the number of workers.",
    "load": "Bursts of more and more tasks that do nothing. The CPU seconds of a run and of a task come from a straight"
    " line fitted to all samples by least squares.",
    "waiting": "Milliseconds of CPU for every second that a task runs, from 8 tasks against 1: its heartbeats, without"
    " its start and end.",
    "parse": "New files with a Dag of 10 tasks each, many of them added at once in each turn; then the cost of keeping"
    " all of them.",
    "soak": "Bursts of 200 tasks, one after the other. No task may be lost, and StatsD's count must equal the"
    " database's. `stock` runs in every fifth turn, for comparison.",
}


def page(found: Mapping[str, Any]) -> str:
    """Return the whole page."""
    machine, versions = found["machine"], found["versions"]
    parts = [
        "# Performance",
        "<!-- Written by `python -m bench.performance_page` from performance.json; change neither by hand. -->",
        f"Measured on {found['date']}: {machine['cores']} cores ({machine['system']}), {machine['memory_gib']:g} GiB,"
        f" {machine['airflow_import_cpu_s']:g} CPU seconds for an import of Airflow's command line,"
        f" Airflow {versions['apache-airflow']}, Celery {versions['celery']}, Python {versions['python']}, one worker"
        f" with {found['slots']} slots.",
        "`stock` is unchanged Airflow with the settings and health checks of Airflow's official compose file"
        " ([stock.toml](../src/bench/stock.toml) has each setting and its source). The bench does not run that file: it"
        " runs the same roles as processes, on the same machine. The two deployments take turns, and the one that is"
        " not measured is halted; only idle cost is measured for both at once. Figures are medians. On a machine shared"
        " with other work times are longer and the gain in tasks a second is smaller than on a machine of your own."
        " Measure yours: `./airfleet bench`. *none* in a table of costs is a value at or below zero: the cost is"
        " smaller than the noise.",
        "## Beside Airflow with the official file's settings",
        table(("figure", "airfleet", "stock", "ratio", "target", "met"), _ratio_rows(found)),
        _ON_FAST_CORES.format(**_FAST),
        *_limits(found),
        "## Where the CPU seconds of a task go",
        "In a burst, by role.",
        table(("role", "airfleet", "stock"), _by_role(found["cpu_s_per_task_by_role"], 4)),
        "## Where the CPU seconds of a start go",
        f"From empty databases to the end of a first run, by role. On {machine['cores']} cores a start takes at least"
        f" the sum divided by {machine['cores']}. `init` creates the databases and migrates.",
        table(("role", "airfleet", "stock"), _by_role(_details(found, "startup_cpu_s"), 1)),
        "## What an idle stack costs",
        "Cores used on average, by role, without the health checks.",
        table(("role", "airfleet", "stock"), _by_role(_details(found, "idle_cores_by_role"), 4)),
        "CPU seconds of one run of each health check, and of all of them a second:",
        table(("check of", "airfleet", "stock"), [*_by_role(_details(found, "health_check_cpu_s"), 2), _checks(found)]),
        "## Memory",
        "Proportional set size in MiB after the runs above: pages that processes share count once. Both stacks share"
        f" the libraries' pages here; on a machine of its own each would use up to {_SHARED_FILES_MIB} MiB more.",
        table(("role", "airfleet", "stock"), _by_role(_details(found, "memory_mib_by_role"), 0)),
        "## Samples",
        table(("figure", "profile", "samples"), _samples(found)),
    ]
    for part, profiles in found.get("parts", {}).items():
        if part not in _TITLES:
            continue
        parts += [f"## {_TITLES[part]}", _ABOUT[part], table(("", *profiles), _part_rows(profiles))]
    return "\n\n".join(parts) + "\n"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table with right-aligned figures."""
    lines = [head, tuple("---" if number == 0 else "---:" for number in range(len(head))), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def cost(value: Any, written: str) -> str:
    """Return a figure as *written*; a cost is never below zero, so one that was measured there is noise."""
    return "none" if isinstance(value, int | float) and value < 0 else written


def _ratio_rows(found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    missed = " ".join(misses(found["ratios"], found["targets"]))
    rows: list[tuple[str, ...]] = []
    for name, figure in RATIOS.items():
        said, bound = _SAID[name]
        ours, stock = (found["medians"][profile][figure] for profile in (OURS, STOCK))
        met = "no" if f"{name} is" in missed else "yes"
        ratio, target = found["ratios"][name], found["targets"][name]
        rows.append((said, _figure(ours), _figure(stock), f"{ratio:.2f}", f"{bound} {target:g}", met))
    return rows


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits either way


def _limits(found: Mapping[str, Any]) -> list[str]:
    """Return the reasons for the missed targets; nothing when every target is met."""
    ours, stock, cores = found["medians"][OURS], found["medians"][STOCK], found["machine"]["cores"]
    most = cores / ours["burst_cpu_per_task_s"]
    start_cpu = sum(_details(found, "startup_cpu_s")[OURS].values())
    figures = _FAST | {
        "cores": cores,
        "cpu": ours["burst_cpu_per_task_s"],
        "most": most,
        "reached": ours["burst_tasks_per_s"] / most,
        "idle": 1 - stock["burst_tasks_per_s"] * stock["burst_cpu_per_task_s"] / cores,
        "step": ours["chain_step_s"],
        "chain_cpu": ours["chain_cpu_per_task_s"],
        "stock_step": stock["chain_step_s"],
        "stock_chain_cpu": stock["chain_cpu_per_task_s"],
        "start": ours["startup_s"],
        "start_cpu": start_cpu,
        "start_least": start_cpu / cores,
        "mib": _SHARED_MIB,
        "chain": ours["chain_cpu_per_task_s"] / stock["chain_cpu_per_task_s"],
        "shared": (ours["memory_mib"] - _SHARED_MIB) / stock["memory_mib"],
    }
    rows = [
        f"- {_SAID[name][0]}: {limit.format(**figures)}"
        for name, limit in _LIMITS.items()
        if misses({name: found["ratios"][name]}, {name: found["targets"][name]})
    ]
    return ["Why targets are missed:", "\n".join(rows)] if rows else []


def _by_role(figures: Mapping[str, Mapping[str, float]], digits: int) -> list[tuple[str, ...]]:
    ours, stock = figures[OURS], figures[STOCK]
    roles = sorted({*ours, *stock}, key=lambda role: (-max(ours.get(role, 0), stock.get(role, 0)), role))
    rows = [(role, *(f"{f[role]:.{digits}f}" if role in f else "" for f in (ours, stock))) for role in roles]
    return [*rows, ("together", f"{sum(ours.values()):.{digits}f}", f"{sum(stock.values()):.{digits}f}")]


def _details(found: Mapping[str, Any], name: str) -> dict[str, dict[str, float]]:
    return {profile: found["details"][profile][name] for profile in (OURS, STOCK)}


def _checks(found: Mapping[str, Any]) -> tuple[str, ...]:
    return ("all, a second", *(f"{found['medians'][profile]['idle_checks_cores']:.3f}" for profile in (OURS, STOCK)))


def _part_rows(profiles: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Return a line for each figure of a part; nested ones by the names on the way to them."""
    flat = {
        # For figures that were measured at another time than the rest.
        profile: {_SPEED: f"{measured['machine']['airflow_import_cpu_s']:g}"} | dict(_flat(measured))
        for profile, measured in profiles.items()
    }
    names = list(dict.fromkeys(name for figures in flat.values() for name in figures))
    return [(name.replace("_", " "), *(figures.get(name, "") for figures in flat.values())) for name in names]


def _flat(value: Any, name: str = "") -> Iterable[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if name or key not in _NOT_FIGURES:
                yield from _flat(inner, f"{name}, {key}" if name else key)
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for inner in value:
            key = next(iter(inner))
            yield from _flat({k: v for k, v in inner.items() if k != key}, _counted(inner[key], key))
    else:
        yield name, ", ".join(map(str, value)) if isinstance(value, list) else cost(value, f"{value}")


def _counted(number: int, name: str) -> str:
    return f"{number} {name.removesuffix('s') if number == 1 else name}"


def _samples(found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (figure, profile, ", ".join(f"{value:g}" for value in values))
        for figure in RATIOS.values()
        for profile in (OURS, STOCK)
        if (values := found["samples"][profile].get(figure))
    ]


if __name__ == "__main__":
    sys.stdout.write(page(json.loads(Path(sys.argv[1]).read_text())))
