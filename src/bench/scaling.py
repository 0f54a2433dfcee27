"""`python -m bench.scaling JSON`: print docs/scaling.md from the bench's JSON."""

import json
import math
import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from airfleet.config.sizes import SIZES
from bench import sizing
from bench.growth import ScaleOut
from bench.instance import OURS
from bench.performance_page import cost, table

# A section needs the measurements of these parts.
_NEEDS = {
    "More workers": ("scale-out",),
    "More tasks at once": ("load",),
    "More Dags": ("parse",),
    "More runs": ("soak",),
    "Memory of the roles over more runs": ("soak",),
    "What a task costs while it runs": ("waiting",),
    "Sizes": ("soak", "waiting"),
    "Which limit comes first": ("soak", "waiting"),
    "Sizes by name": ("size-large",),
}
# Airflow's own [dag_processor] min_file_process_interval.
_INTERVAL_S = 30
_DAYS = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)


def page(found: Mapping[str, Any]) -> str:
    """Return the whole page: the text of scaling.txt with every number filled in."""
    cpu_s = found["cpu_s_per_task_by_role"][OURS]
    parts = {part: profiles[OURS] for part, profiles in found.get("parts", {}).items() if OURS in profiles}
    values: dict[str, Any] = {
        f"{part.replace('-', '_')}_{name}": value
        for part, measured in parts.items()
        for name, value in measured.items()
        if isinstance(value, int | float | str)
    }
    if soak := parts.get("soak"):
        for quarter in ("first_quarter", "last_quarter"):
            values |= {f"soak_{quarter}_{name}": value for name, value in soak[quarter].items()}
        values["soak_memory_table"] = _memory(soak)
    if waiting := parts.get("waiting"):
        while_running = waiting["cpu_ms_per_task_second"]
        costs = sizing.of_a_pipeline(cpu_s, while_running)
        values["waiting_table"] = table(
            ("role", "CPU ms a second", f"CPU seconds in {sizing.TASK_S} s"),
            [
                (role, cost(ms, f"{ms:g}"), cost(ms, f"{ms * sizing.TASK_S / 1000:.4f}"))
                for role, ms in while_running.items()
            ],
        )
        values["limits_table"] = _limits(costs, found["slots"])
        if soak:
            values["sizing_table"] = _sizes(costs, soak["redis_bytes_per_waiting_task"], found["slots"])
    if parsed := parts.get("parse"):
        cores = parsed["dags"] * parsed["dag_processor_cpu_s_per_file"] / _INTERVAL_S
        values["parse_interval_cores"] = f"{cores:.2f}"
        for role in ("dag_processor", "scheduler"):
            more = parsed[f"{role}_mib_more"]
            values[f"parse_{role}_mib"] = f"grew by {more} MiB" if more > 0 else "did not grow"
    if scaled := parts.get("scale-out"):
        values["scale_out_table"] = _steps(scaled["steps"])
        most = scaled["steps"][-1]["workers"]
        values |= _starts(found["slots"], most, sum(cpu_s.values()), found["machine"]["cores"])
    if loaded := parts.get("load"):
        values["load_table"] = _load(loaded)
        values["load_run_cost"] = f"{loaded['cpu_s_per_run']}" if loaded["cpu_s_per_run"] > 0 else "nothing measurable"
        largest = [sample["steps"][-1] for sample in loaded["samples"]]
        cpu = [step["cpu_s"] for step in largest]
        values |= {"load_most": largest[0]["tasks"], "load_spread": f"{max(cpu) - min(cpu):.1f}"}
    if "size-large" in parts:
        values["named_sizes_table"] = _named(parts)
    values |= {
        "date": found["date"],
        "peak": sizing.PEAK,
        "busy": sizing.BUSY,
        "task_s": sizing.TASK_S,
        "pool": sizing.POOL,
        "connections": sizing.CONNECTIONS - sizing.KEPT,
        "slots": found["slots"],
        "largest": sizing.LARGEST_MACHINE_CORES,
        "webserver_tasks_per_s": f"{sizing.most_tasks_per_s(sizing.WEBSERVER, cpu_s):.0f}",
        "scheduler_tasks_per_s": f"{sizing.most_tasks_per_s(sizing.SCHEDULER, cpu_s):.0f}",
        "cpu_per_task": f"{sum(cpu_s.values()):.3f}",
        "cpu_table": table(("role", "CPU seconds a task"), [(role, f"{used:.4f}") for role, used in cpu_s.items()]),
    }
    sections = resources.files("bench").joinpath("scaling.txt").read_text().split("\n## ")
    written = [text for text in sections if all(part in parts for part in _NEEDS.get(text.splitlines()[0], ()))]
    return Template("\n## ".join(written).rstrip("\n") + "\n").substitute(values)


def _named(parts: Mapping[str, Mapping[str, Any]]) -> str:
    head = (
        "size", "workers", "slots", "schedulers", "webservers", "tasks/s in a burst", "CPU seconds a task",
        "s to fill every slot", "MiB of memory after that",
    )  # fmt: skip
    rows = []
    for name, keys in SIZES.items():
        m = parts[f"size-{name}"]
        rows.append(
            (name, keys["WORKERS"], f"{m['slots']}", keys["SCHEDULERS"], keys["WEBSERVERS"], f"{m['tasks_per_s']:g}",
             f"{m['cpu_s_per_task']:g}", f"{m['all_slots_busy_s']:g}", f"{m['memory_mib']:,}")
        )  # fmt: skip
    return table(head, rows)


def _memory(soak: Mapping[str, Any]) -> str:
    first, last = (soak[quarter]["memory_mib_by_role"] for quarter in ("first_quarter", "last_quarter"))
    grown = soak["mib_per_1000_tasks"]
    rows = [(role, f"{first[role]:,}", f"{last[role]:,}", cost(grown[role], f"{grown[role]:g}")) for role in grown]
    total = ("together", f"{sum(first.values()):,}", f"{sum(last.values()):,}", f"{sum(grown.values()):.1f}")
    return table(("role", "first quarter", "last quarter", "for each 1000 tasks"), [*rows, total])


def _sizes(cpu_s: Mapping[str, float], redis_bytes: float, slots: int) -> str:
    head = (
        "tasks a day", "tasks/s in the busiest hour", "webservers", "schedulers", f"workers of {slots} slots", "slots",
        "cores, all roles", "Postgres connections", "with PgBouncer", "Redis MiB",
    )  # fmt: skip
    rows = []
    for day in _DAYS:
        s = sizing.size(day, cpu_s, redis_bytes, slots)
        rows.append(
            (f"{day:,}", f"{s.tasks_per_s:g}", f"{s.webservers}", f"{s.schedulers}", f"{s.workers}", f"{s.slots}",
             f"{s.cores:g}", f"{s.connections}", f"{s.connections_bounced}", f"{s.redis_mib:g}")
        )  # fmt: skip
    return table(head, rows)


def _limits(cpu_s: Mapping[str, float], slots: int) -> str:
    rows = [(f"{each.tasks_a_day:,.0f}", each.what, each.cure) for each in sizing.limits(cpu_s, slots)]
    return table(("tasks a day", "limit", "remedy"), rows)


def _starts(slots: int, workers: int, cpu_s: float, cores: int) -> dict[str, str]:
    """Return the time to fill the slots of one worker and of *workers*, and the efficiency that this alone allows.

    It is lost in each wave of tasks that fills all slots.
    """
    one_s, all_s = slots * cpu_s / cores, workers * slots * cpu_s / cores
    waves_of_one, waves_of_all = (math.ceil(ScaleOut.tasks / each) for each in (slots, workers * slots))
    alone_s, together_s = waves_of_one * (ScaleOut.wait_s + one_s), waves_of_all * (ScaleOut.wait_s + all_s)
    return {
        "scale_out_one_s": f"{one_s:.1f}",
        "scale_out_all_s": f"{all_s:.1f}",
        "scale_out_limit": f"{alone_s / workers / together_s:.2f}",
    }


def _steps(steps: list[dict[str, float]]) -> str:
    rows = [
        (f"{s['workers']}", f"{s['seconds']:g}", f"{s['ceiling_s']:g}", f"{s['efficiency']:g}", f"{s['cpu_s']:g}")
        for s in steps
    ]
    return table(("workers", "seconds", "slots' own limit, s", "efficiency", "CPU seconds, all roles"), rows)


def _load(load: Mapping[str, Any]) -> str:
    rows = [
        (
            f"{step['tasks']}",
            f"{step['seconds']:g}",
            f"{step['cpu_s']:g}",
            f"{load['cpu_s_per_run'] + load['cpu_s_per_task'] * step['tasks']:.1f}",
        )
        for step in load["steps"]
    ]
    return table(("tasks", "seconds", "CPU seconds, all roles", "by the line"), rows)


if __name__ == "__main__":
    sys.stdout.write(page(json.loads(Path(sys.argv[1]).read_text())))
