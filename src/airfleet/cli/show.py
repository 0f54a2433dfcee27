"""Output of the commands: progress, tables, errors."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, is_dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from airfleet.config.settings import Settings
from airfleet.operate.airflow_api import DagRun, TaskRun

# Names and passwords are never truncated: a narrow terminal wraps the line, a pipe gets all of it.
_LEAST_WIDTH = 160
console = Console(highlight=False, soft_wrap=True)
console.width = max(console.width, _LEAST_WIDTH)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

# What a terminal would obey instead of showing.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_COLOURS = {
    "success": "green",
    "failed": "red",
    "upstream_failed": "red",
    "up_for_retry": "yellow",
    "running": "cyan",
}


class Progress:
    """One line per step: redrawn in place on a terminal, printed once each elsewhere, or not at all."""

    def __init__(self, quiet: bool) -> None:
        self._last = ""
        self._quiet = quiet
        self.status = console.status("") if console.is_terminal and not quiet else None

    def say(self, step: str) -> None:
        """Show *step* as the current step."""
        if step == self._last or self._quiet:
            return
        self._last = step
        if self.status:
            self.status.update(escape(step))
        else:
            console.print(f"  {step}", markup=False)

    def done(self, line: str) -> None:
        """Print *line* permanently."""
        console.print(line)

    def note(self, line: str) -> None:
        """Print *line*, plain text, for good, as a step is printed where there is no terminal."""
        console.print(f"  {line}", markup=False)

    def watch(self, run: DagRun, tasks: list[TaskRun]) -> None:
        """Show the progress of a Dag run."""
        finished = sum(1 for task in tasks if task.state in ("success", "failed", "skipped", "upstream_failed"))
        active = [task for task in tasks if task.state in ("running", "up_for_retry", "deferred")]
        names = ", ".join(
            f"{task.task_id} ({task.state})" if task.state != "running" else task.task_id for task in active
        )
        self.say(f"{run.dag_id}: {finished} of {len(tasks)} tasks done{'; running: ' + names if names else ''}")


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Progress]:
    """Show progress while the block runs."""
    shown = Progress(quiet)
    with shown.status or nullcontext():
        yield shown


def tasks_table(tasks: Sequence[TaskRun], worker_name: Callable[[str], str]) -> Table:
    """Return a table with a line for each task."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title, justify in (("Dag", "left"), ("Task", "left"), ("State", "left")):
        table.add_column(title, justify=justify)  # type: ignore[arg-type]
    for title in ("Tries", "Seconds", "Rows"):
        table.add_column(title, justify="right")
    table.add_column("Worker")
    previous = ""
    for task in tasks:
        colour = _COLOURS.get(task.state, "white")
        table.add_row(
            task.dag_id if task.dag_id != previous else "",
            task.task_id if task.map_index < 0 else f"{task.task_id} [{task.map_index}]",
            f"[{colour}]{task.state}[/]",
            str(task.tries),
            "" if task.seconds is None else f"{task.seconds:.1f}",
            "" if task.rows is None else f"{task.rows:,}",
            worker_name(task.hostname),
        )
        previous = task.dag_id
    return table


def printable(text: str) -> str:
    """Return *text*, which somebody else wrote, without what a terminal would obey."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def as_json(value: Any) -> None:
    """Print *value* as JSON; dataclasses become objects."""
    console.file.write(json.dumps(value, default=_plain, indent=2) + "\n")


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)


def megabytes(size: int) -> str:
    """Return *size* bytes in MiB."""
    return f"{size / (1 << 20):.0f} MiB"


def duration(seconds: int) -> str:
    """Return whole seconds as h, m and s."""
    minutes, s = divmod(seconds, 60)
    h, m = divmod(minutes, 60)
    return f"{h} h {m} m" if h else f"{m} m {s} s" if m else f"{s} s"


def logins(rows: Sequence[tuple[str, str, str, str]]) -> None:
    """Print name, address, user and password of each page."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Page", "Address", "User", "Password"):
        table.add_column(title)
    for row in rows:
        table.add_row(*row)
    console.print()
    console.print(table)


def mail_hint(settings: Settings) -> None:
    """Tell where mail goes while no mail server is set."""
    if settings.uses_mail_catcher:
        console.print("Mail goes to the local mail catcher until .env names a mail server: ./airfleet mail")
