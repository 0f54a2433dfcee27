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
# What five roles share when they are forked from one process with the libraries, less what that process takes.
_SHARED_MIB = 155
# Of the libraries' files in /proc/PID/smaps, seen while both were there on 2026-11-26.
_SHARED_FILES_MIB = 52
# What stands in the way of a target that is missed; seen in profiles, logs and memory maps on 2026-11-25.
_LIMITS = {
    "burst": "The cores: at {cpu:.3f} CPU seconds a task, {cores} of them allow {most:.1f} tasks a second, of which"
    " {reached:.0%} are reached. The official deployment leaves its cores idle for {idle:.0%} of a burst: the slower a"
    " core, the less there is to gain. Where a task took it {fast_cpu:g} CPU seconds, the ratio was {fast_burst:g}"
    " ({fast_run}).",
    "chain": "A step is work of one process after the other: {chain_cpu:.2f} CPU seconds of all roles in its"
    " {step:.2f} s, against {stock_chain_cpu:.2f} in {stock_step:.2f} s. On a slow core all of the first is longer,"
    " and of the second only what is not waiting. On a faster one the ratio was {fast_chain:g} ({fast_run}).",
    "cpu_per_task": "In a burst this deployment keeps every core busy, and where two of them are threads of one, each"
    " slows the other. In a chain, one task at a time, it is {chain:.2f}.",
    "idle_cpu": "What is left is Airflow's own rounds: the dag-processor parses each file every 30 s, the scheduler and"
    " Postgres talk once a second.",
    "memory": "Each of six processes holds some 100 MiB of what Airflow imports. Five roles forked from one process"
    " that had imported the libraries took {mib} MiB less (411 of 566, before they did anything), which would make"
    " {shared:.2f} of this, and not help under Docker. A pool process keeps 30 MiB of its own after its first task:"
    " counting references writes to pages that were shared.",
    "startup": "The cores: its {start_cpu:.0f} CPU seconds (see below), of init and of what six roles import, take"
    " {cores} cores {start_least:.0f} of these {start:.0f} s.",
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
    "first-dags": "The Dags of the first `up`, started together on their loaded warehouse; seconds from the first start"
    " to the last end.",
    "scale-out": "64 tasks that wait 20 s each, with workers of 8 slots. The ceiling is what the slots alone allow;"
    " efficiency is the speed-up over one worker, divided by the number of workers.",
    "load": "Bursts of more and more tasks that do nothing. The CPU seconds of a run and of each of its tasks are those"
    " of the straight line through all samples, by least squares.",
    "waiting": "Milliseconds of CPU that each further task costs for every second that it runs, one of 8 beside one"
    " alone: its heartbeats. Its start and end are not in it.",
    "parse": "New files with a Dag of 10 tasks each, a lot of them dropped in at once in each turn; then what it costs"
    " to keep them all.",
    "soak": "Bursts of 200 tasks, one after the other; nothing may be lost, and StatsD's count must be the database's."
    " The official deployment has every fifth turn, to know its speed beside this.",
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
        f" with {found['slots']} slots. `stock` is what Airflow's official compose file sets, with its health checks"
        " ([stock.toml](../src/bench/stock.toml) has each setting and its source). Both run in alternation on"
        " the same machine, the one that is not measured is halted; idle, both are accounted for at once. Figures are"
        " medians. On a machine that is shared with others they are larger than on one of your own, and the gain in"
        " tasks a second is smaller. Measure yours: `./airfleet bench`.",
        "## Beside the official deployment",
        table(("figure", "airfleet", "stock", "ratio", "target", "met"), _ratio_rows(found)),
        *_limits(found),
        "## Where the CPU seconds of a task go",
        "In a burst, by role.",
        table(("role", "airfleet", "stock"), _by_role(found["cpu_s_per_task_by_role"], 4)),
        "## Where the CPU seconds of a start go",
        f"From nothing to the end of a first run, by role; on {machine['cores']} cores no start takes less than their"
        f" sum by {machine['cores']}. `init` makes the databases and migrates.",
        table(("role", "airfleet", "stock"), _by_role(_details(found, "startup_cpu_s"), 1)),
        "## What an idle stack costs",
        "Cores used on average, by role, without the health checks.",
        table(("role", "airfleet", "stock"), _by_role(_details(found, "idle_cores_by_role"), 4)),
        "CPU seconds of one run of each health check, and of all of them a second:",
        table(("check of", "airfleet", "stock"), [*_by_role(_details(found, "health_check_cpu_s"), 2), _checks(found)]),
        "## Memory",
        "Proportional set size in MiB after the runs above: pages that processes share count once. Both stacks"
        f" share those of libraries here, of which each would bear up to {_SHARED_FILES_MIB} MiB more alone.",
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
    """Return a Markdown table, its figures to the right."""
    lines = [head, tuple("---" if number == 0 else "---:" for number in range(len(head))), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


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
    """Return what to say of the targets that are missed; nothing when none is."""
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
    return ["What stands in the way of the targets that are missed:", "\n".join(rows)] if rows else []


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
            yield from _flat({k: v for k, v in inner.items() if k != key}, f"{inner[key]} {key}")
    else:
        yield name, ", ".join(map(str, value)) if isinstance(value, list) else f"{value}"


def _samples(found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (figure, profile, ", ".join(f"{value:g}" for value in values))
        for figure in RATIOS.values()
        for profile in (OURS, STOCK)
        if (values := found["samples"][profile].get(figure))
    ]


if __name__ == "__main__":
    sys.stdout.write(page(json.loads(Path(sys.argv[1]).read_text())))
