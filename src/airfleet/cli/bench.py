"""`./airfleet bench`: speed and cost of this deployment."""

import json
import math
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from airfleet.cli import show
from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.operate.alone import alone


def bench(  # noqa: PLR0917 - typer calls it by keyword
    fast: Annotated[
        bool, typer.Option("--fast", help="About 3 minutes, both start at once; fails when a gain is lost.")
    ] = False,
    parts: Annotated[
        list[str],
        typer.Option("--part", help="compare, first-dags, scale-out, load, waiting, parse, soak, size-...; or all."),
    ] = [],  # noqa: B006 - typer's way to say "none given"
    profiles: Annotated[
        list[str], typer.Option("--profile", help="airfleet or stock, for every part but compare; default both.")
    ] = [],  # noqa: B006
    seconds: Annotated[float, typer.Option("--seconds", help="Start no new pair of a part after this time.")] = 5400,
    minutes: Annotated[float, typer.Option("--minutes", help="Start no further part after this time.")] = math.inf,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
    to: Annotated[Path | None, typer.Option("--to", help="Add the missing parts to this JSON file.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Measure also parts that --to has already.")] = False,
) -> None:
    """Measure this deployment beside Airflow with the official file's settings (stock), each on a stack of its own."""
    # Imported here, so that other commands start faster.
    from bench import compare, summary
    from bench.figures import Figures
    from bench.instance import OURS, STOCK
    from bench.parts import PARTS, measure
    from bench.suites import COMPARE

    if fast and (parts or profiles):
        raise AirfleetError("--fast is a short compare of both profiles. Leave out --part and --profile, or --fast.")
    if unknown := [f"There is no profile {name!r}." for name in profiles if name not in (OURS, STOCK)]:
        raise AirfleetError(*unknown, f"There are {OURS} and {STOCK}.")
    wanted = [COMPARE] if fast else parts or [COMPARE, *PARTS]
    if unknown := [f"There is no part {name!r}." for name in wanted if name not in (COMPARE, *PARTS)]:
        raise AirfleetError(*unknown, f"There are {', '.join((COMPARE, *PARTS))}.")
    at = Paths()
    # Only a whole part is evidence.
    figures = Figures(at.root, to, whole=not (fast or profiles))
    found = figures.found
    until = time.monotonic() + minutes * 60
    # A second bench would take these stacks for leftovers and delete them.
    with show.progress(quiet=as_json) as progress, alone(at, "bench"):
        for part in wanted if again else figures.missing(wanted):
            if time.monotonic() > until:
                progress.done(f"{minutes:g} minutes have passed. Run it again for the parts that are missing.")
                break
            with figures.part(part):
                if part == COMPARE:
                    samples = compare.run(at, compare.FAST if fast else compare.FULL, progress.say)
                    # Measuring the machine takes seconds, and no table shows it.
                    found |= summary.conditions() if as_json or to else {}
                    found |= summary.write_down(samples, "fast" if fast else "full")
                else:
                    measured = measure(part, at, profiles, seconds, progress.say)
                    found.setdefault("parts", {}).setdefault(part, {}).update(measured)
    if as_json:
        show.as_json(found)
    else:
        _print(found)
    if fast and (problems := summary.misses(found["ratios"], summary.FAST_LIMITS)):
        raise AirfleetError(*problems)


def _print(found: dict[str, Any]) -> None:
    if ratios := found.get("ratios"):
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in ("Figure", "This deployment / stock", "Target"):
            table.add_column(title)
        for name, value in ratios.items():
            table.add_row(name, f"{value:.2f}", f"{found['targets'][name]:g}")
        show.console.print(table)
    for part, profiles in found.get("parts", {}).items():
        for profile, measured in profiles.items():
            figures = {name: value for name, value in measured.items() if name != "samples"}
            show.console.print(f"{part}, {profile}: {json.dumps(figures)}", markup=False)
