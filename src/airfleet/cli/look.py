"""Read-only commands."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from airfleet.cli import show
from airfleet.cli.active_patches import not_active
from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.operate import deployment

if TYPE_CHECKING:
    from airfleet.observe.boards.query import PrometheusClient

commands = typer.Typer()

_ANOTHERS_LOGIN = "PROMETHEUS_LOGIN"

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


@commands.command()
def status(as_json: Json = False) -> None:
    """Show every process: state, health, memory, and each worker's slots. Exits 1 when one is not healthy."""
    stack = deployment.stack()
    states = stack.states()
    if as_json:
        show.as_json(states)
    elif not states:
        show.console.print("The stack is not running. Start it with ./airfleet up.")
    else:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in ("Role", "State", "Health"):
            table.add_column(title)
        for title in ("Pid", "Up", "Memory", "Slots"):
            table.add_column(title, justify="right")
        for s in states:
            health = "[green]healthy[/]" if s.healthy else "[red]unhealthy[/]"
            slots = f"{s.running} of {s.slots} busy" if s.slots is not None else ""
            table.add_row(
                s.name,
                s.state,
                health,
                str(s.pid or ""),
                show.duration(s.uptime_s),
                show.megabytes(s.memory_bytes),
                slots,
            )
        table.add_row("", "", "", "", "", show.megabytes(sum(s.memory_bytes for s in states)), "")
        show.console.print(table)
        for sentence in not_active(stack, states):
            show.console.print(sentence, style="yellow", markup=False)
    if not states or not all(s.healthy for s in states):
        raise typer.Exit(1)


@commands.command(name="logs")
def show_logs(
    role: Annotated[str | None, typer.Argument(help="A role, or one of its processes; default all.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new lines.")] = False,
    tail: Annotated[int, typer.Option("--tail", "-n", help="Lines from the end of each log.")] = 100,
) -> None:
    """Print the logs of roles."""
    deployment.stack().logs(role, follow=follow, tail=tail)


@commands.command(name="open")
def open_pages(as_json: Json = False) -> None:
    """Print the addresses and logins, and open the web UI in a browser."""
    stack = deployment.running_stack()
    if as_json:
        keys = ("name", "address", "user", "password")
        show.as_json([dict(zip(keys, row, strict=True)) for row in deployment.logins(stack)])
        return
    logins = deployment.logins(stack)
    show.logins(logins)
    show.mail_hint(stack.settings)
    if sys.stdout.isatty():
        typer.launch(logins[0][1])


@commands.command()
def mail(
    number: Annotated[int | None, typer.Argument(help="Print the whole mail of this number; default a list.")] = None,
    as_json: Json = False,
) -> None:
    """Show the mail that the local mail catcher received, newest last."""
    caught = deployment.stack().mails()
    if number is not None:
        if not 1 <= number <= len(caught):
            raise AirfleetError(f"There is no mail {number}; there are {len(caught)}.")
        caught = [caught[number - 1]]
    if as_json:
        show.as_json(caught)
    elif number is not None:
        text = f"Subject: {caught[0].subject}\nTo: {caught[0].to}\n\n{caught[0].text}"
        show.console.print(show.printable(text), markup=False)
    else:
        for position, found in enumerate(caught, start=1):
            line = f"{position:4}  {found.date}  {found.to}  {found.subject}"
            show.console.print(show.printable(line), markup=False)
        if not caught:
            show.console.print("No mail yet.")


@commands.command()
def dashboards(
    to: Annotated[Path, typer.Option("--to", help="The HTML page to write.")] = Path("dashboards.html"),
    prometheus: Annotated[
        str | None,
        typer.Option(
            "--prometheus",
            help="Another Prometheus' address; default this stack's. Its login is USER:PASSWORD in the variable"
            f" {_ANOTHERS_LOGIN}.",
        ),
    ] = None,
    minutes: Annotated[int, typer.Option("--minutes", min=1, help="How far back the panels look.")] = 60,
) -> None:
    """Draw every dashboard from a running Prometheus into one HTML page, without Grafana."""
    from airfleet.observe.boards import html_page
    from airfleet.observe.boards.query import QueryError

    boards = sorted((Paths().root / "monitoring" / "grafana" / "dashboards").glob("*.json"))
    try:
        html_page.write(to, boards, _prometheus(prometheus), minutes=minutes)
    except QueryError as error:
        raise AirfleetError(f"{error} Name a running Prometheus with --prometheus.") from None
    show.console.print(f"Wrote {to}.")


@commands.command()
def check(
    folder: Annotated[str | None, typer.Argument(help="Another Dags folder; default airflow/dags.")] = None,
    as_json: Json = False,
) -> None:
    """Parse the Dag files as the dag-processor would, without a stack; exits 1 when one does not import."""
    from airfleet.stack.embedded.instances import process_environment

    paths = Paths()
    arguments = [sys.executable, "-P", "-m", "airfleet.operate.check", folder or str(paths.dags)]
    quiet = {"AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING"}
    done = subprocess.run(
        arguments + (["--json"] if as_json else []), env=process_environment(paths) | quiet, check=False
    )
    raise typer.Exit(done.returncode)


def _prometheus(address: str | None) -> "PrometheusClient":
    """Return a client of the Prometheus at *address*, or of this stack's; this stack's login is sent to no other."""
    from airfleet.observe.boards.query import PrometheusClient

    if address is None:
        settings = deployment.stack().settings
        return PrometheusClient(f"http://127.0.0.1:{settings.prometheus_port}", settings.monitoring_login)
    # By environment, as options are visible in the process list.
    user, separator, password = os.environ.get(_ANOTHERS_LOGIN, "").partition(":")
    return PrometheusClient(address, (user, password) if separator else None)
