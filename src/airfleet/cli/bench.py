"""`./airfleet bench`: how fast this deployment is, and what it costs."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from airfleet.cli import show
from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.operate.alone import alone

_COMPARE = "compare"


def bench(  # noqa: PLR0917 - typer calls it by keyword
    fast: Annotated[
        bool, typer.Option("--fast", help="Some 3 minutes, both start at once; fails when a gain is gone.")
    ] = False,
    parts: Annotated[
        list[str],
        typer.Option("--part", help="compare, first-dags, scale-out, load, waiting, parse, soak, size-...; or all."),
    ] = [],  # noqa: B006 - typer's way to say "none given"
    profiles: Annotated[
        list[str], typer.Option("--profile", help="airfleet or stock, for parts but compare; default both.")
    ] = [],  # noqa: B006
    seconds: Annotated[float, typer.Option("--seconds", help="After this no further pair of a part is begun.")] = 7200,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
    to: Annotated[Path | None, typer.Option("--to", help="Bring this JSON file up to date, part by part.")] = None,
) -> None:
    """Measure this deployment beside Airflow's official compose file, on stacks of the bench's own."""
    # The command line starts without what only this command needs.
    from bench import compare, summary
    from bench.instance import OURS, STOCK
    from bench.parts import PARTS, measure

    if fast and (parts or profiles):
        raise AirfleetError("--fast is a short compare of both profiles. Leave out --part and --profile, or --fast.")
    if unknown := [f"There is no profile {name!r}." for name in profiles if name not in (OURS, STOCK)]:
        raise AirfleetError(*unknown, f"There are {OURS} and {STOCK}.")
    wanted = [_COMPARE] if fast else parts or [_COMPARE, *PARTS]
    if unknown := [f"There is no part {name!r}." for name in wanted if name not in (_COMPARE, *PARTS)]:
        raise AirfleetError(*unknown, f"There are {', '.join((_COMPARE, *PARTS))}.")
    found: dict[str, Any] = json.loads(to.read_text()) if to and to.exists() else {}
    at = Paths()
    # Another one would take these stacks for left behind, and delete them.
    with show.progress(quiet=as_json) as progress, alone(at, "bench"):
        for part in wanted:
            if part == _COMPARE:
                samples = compare.run(at, compare.FAST if fast else compare.FULL, progress.say)
                # Looking at the machine takes seconds, and no table shows it.
                found |= summary.conditions() if as_json or to else {}
                found |= summary.write_down(samples, "fast" if fast else "full")
            else:
                measured = measure(part, at, profiles, seconds, progress.say)
                found.setdefault("parts", {}).setdefault(part, {}).update(measured)
            if to:
                to.write_text(json.dumps(found, indent=1) + "\n")
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
