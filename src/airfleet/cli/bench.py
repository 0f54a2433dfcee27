"""`./airfleet bench`: how fast this deployment is, and what it costs."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from airfleet.cli import show
from airfleet.errors import AirfleetError
from airfleet.paths import Paths


def bench(
    fast: Annotated[bool, typer.Option("--fast", help="Under 3 minutes; fails when a gain is gone.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
    to: Annotated[Path | None, typer.Option("--to", help="Also write the JSON to this file.")] = None,
) -> None:
    """Measure this deployment beside Airflow's official compose file, on stacks of the bench's own."""
    # The command line starts without what only this command needs.
    from airfleet.bench import compare, report

    with show.progress(quiet=as_json) as progress:
        samples = compare.run(Paths(), compare.FAST if fast else compare.FULL, progress.say)
    found = report.write_down(samples, "fast" if fast else "full")
    if to:
        to.write_text(json.dumps(found, indent=1) + "\n")
    if as_json:
        show.as_json(found)
    else:
        _print(found["ratios"], found["targets"])
    if fast and (problems := report.misses(found["ratios"], report.FAST_LIMITS)):
        raise AirfleetError(*problems)


def _print(ratios: dict[str, float], targets: dict[str, float]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Figure", "This deployment / stock", "Target"):
        table.add_column(title)
    for name, value in ratios.items():
        table.add_row(name, f"{value:.2f}", f"{targets[name]:g}")
    show.console.print(table)
