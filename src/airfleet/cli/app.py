"""Every command, its options and its help."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from airfleet import env_file, first_run, runs
from airfleet.api import AirflowApi, DagRun
from airfleet.cli import backup, bench, deployment, show, team
from airfleet.docker.join import worker_env
from airfleet.embedded.instances import MAX_WORKERS
from airfleet.errors import AirfleetError
from airfleet.paths import Paths
from airfleet.roles import SCHEDULER, WORKER
from airfleet.settings import Settings
from airfleet.stacks import Stack

app = typer.Typer(
    name="./airfleet",
    help="Airflow on Celery, with the three pipelines of a shop: one command brings it up.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Scale = Annotated[list[str], typer.Argument(help="ROLE=N, where ROLE is airflow-worker or airflow-scheduler.")]


@app.command()
def init() -> None:
    """Make .env with generated secrets, or fill in those that are empty."""
    paths = Paths()
    existed = paths.env_file.exists()
    added = env_file.fill(paths.env_file, paths.env_example)
    if not existed:
        show.console.print(f"Wrote {paths.env_file} with {len(added)} generated secrets.")
    elif added:
        show.console.print(f"Added to {paths.env_file}: {', '.join(added)}.")
    else:
        show.console.print(f"{paths.env_file} is complete.")


@app.command()
def up(
    scale: Annotated[
        list[str], typer.Option("--scale", help="ROLE=N instead of the number in .env; may be given twice.")
    ] = [],  # noqa: B006 - typer's way to say "none given"
    engine: Annotated[
        str | None,
        typer.Option("--engine", help="docker or embedded; default: as before, else docker where one answers."),
    ] = None,
) -> None:
    """Start everything, run the first Dags once, and print where to look.

    Exits 0 only when every role is healthy and every first Dag run has succeeded. What runs already is left alone.
    """
    stack = deployment.stack(make_env=True, engine=engine)
    wanted = {WORKER.name: stack.settings.workers, SCHEDULER.name: stack.settings.schedulers} | _counts(scale)
    started = time.monotonic()
    with show.progress() as progress:
        stack.up(wanted, progress.say)
        progress.done(f"[green]✓[/] every role is healthy after {time.monotonic() - started:.0f} s")
        finished, tasks = first_run.run(stack, progress.say, progress.watch)
    if tasks:
        show.console.print(show.tasks_table(tasks, stack.worker_name))
    _print_logins(deployment.logins(stack))
    _print_mail_hint(stack.settings)
    _watch(stack)
    _exit_unless_successful(finished)


@app.command()
def down(
    volumes: Annotated[
        bool,
        typer.Option("--volumes", "-v", help="Also delete the databases, the broker's file and the caught mail."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before deleting.")] = False,
    timeout: Annotated[
        int | None,
        typer.Option("--timeout", "-t", help="Seconds that running tasks get; default STOP_GRACE_SECONDS."),
    ] = None,
) -> None:
    """Stop everything, workers after the tasks they run. Data is kept."""
    if volumes and not yes:
        if not sys.stdin.isatty():
            raise AirfleetError("--volumes deletes every database. Add --yes to say so.")
        typer.confirm("Delete every database of this stack?", abort=True)
    stack = deployment.stack()
    with show.progress() as progress:
        stack.down(progress.say, timeout, volumes=volumes)
    show.console.print("Stopped." if not volumes else "Stopped, and the data deleted.")


@app.command()
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
    if not states or not all(s.healthy for s in states):
        raise typer.Exit(1)


@app.command(name="logs")
def show_logs(
    role: Annotated[str | None, typer.Argument(help="A role, or one of its processes; default all.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on printing what is written.")] = False,
    tail: Annotated[int, typer.Option("--tail", "-n", help="Lines from the end of each log.")] = 100,
) -> None:
    """Print the logs of roles."""
    deployment.stack().logs(role, follow=follow, tail=tail)


@app.command()
def scale(roles: Scale) -> None:
    """Change the number of workers or schedulers until the next `up`. Surplus workers finish their tasks first."""
    wanted = _counts(roles)
    stack = deployment.running_stack()
    with show.progress() as progress:
        stack.scale(stack.counts() | wanted, progress.say)
    show.console.print(", ".join(f"{name}: {count}" for name, count in stack.counts().items()))


@app.command()
def run(
    dag_id: Annotated[str, typer.Argument(help="Which Dag.")],
    conf: Annotated[str, typer.Option("--conf", help="The run's configuration, a JSON object.")] = "{}",
    as_json: Json = False,
) -> None:
    """Start a run of a Dag, watch it, and print its tasks. Exits 0 only when the run succeeds."""
    given = _conf(conf)
    stack = deployment.running_stack()
    with AirflowApi(stack.settings) as api:
        dag = api.dag(dag_id)
        if dag is None:
            raise AirfleetError(runs.unknown_dag(dag_id, api.dag_ids()))
        if dag.is_paused:
            api.unpause(dag_id)
        with show.progress(quiet=as_json) as progress:
            finished = runs.follow(api, api.trigger(dag_id, given), progress.watch)
        tasks = api.tasks(finished)
    if as_json:
        show.as_json({"run": finished, "tasks": tasks})
    else:
        show.console.print(show.tasks_table(tasks, stack.worker_name))
    _exit_unless_successful([finished])


@app.command()
def join(
    address: Annotated[str, typer.Argument(help="This machine's address, as the other one reaches it.")],
) -> None:
    """Print the .env of workers on another machine: it holds their secrets and addresses, and no others."""
    typer.echo(worker_env(deployment.stack().settings, Paths(), address), nl=False)


@app.command(name="open")
def open_pages(as_json: Json = False) -> None:
    """Print the addresses and logins, and open the web UI in a browser."""
    stack = deployment.running_stack()
    if as_json:
        keys = ("name", "address", "user", "password")
        show.as_json([dict(zip(keys, row, strict=True)) for row in deployment.logins(stack)])
        return
    logins = deployment.logins(stack)
    _print_logins(logins)
    _print_mail_hint(stack.settings)
    if sys.stdout.isatty():
        typer.launch(logins[0][1])


@app.command()
def mail(
    number: Annotated[int | None, typer.Argument(help="Print this mail whole; default a list.")] = None,
    as_json: Json = False,
) -> None:
    """Show the mail that the local catcher took, newest last."""
    caught = deployment.stack().mails()
    if number is not None:
        if not 1 <= number <= len(caught):
            raise AirfleetError(f"There is no mail {number}; there are {len(caught)}.")
        caught = [caught[number - 1]]
    if as_json:
        show.as_json(caught)
    elif number is not None:
        show.console.print(f"Subject: {caught[0].subject}\nTo: {caught[0].to}\n\n{caught[0].text}", markup=False)
    else:
        for position, found in enumerate(caught, start=1):
            show.console.print(f"{position:4}  {found.date}  {found.to}  {found.subject}", markup=False)
        if not caught:
            show.console.print("No mail yet.")


@app.command()
def dashboards(
    to: Annotated[Path, typer.Option("--to", help="The HTML page to write.")] = Path("dashboards.html"),
    prometheus: Annotated[
        str | None, typer.Option("--prometheus", help="Prometheus' address; default this stack's.")
    ] = None,
    minutes: Annotated[int, typer.Option("--minutes", min=1, help="How far back the panels look.")] = 60,
) -> None:
    """Draw every dashboard from a running Prometheus into one HTML page, without Grafana."""
    from airfleet.monitoring import page
    from airfleet.monitoring.query import PrometheusClient, QueryError

    boards = sorted((Paths().root / "monitoring" / "grafana" / "dashboards").glob("*.json"))
    try:
        page.write(to, boards, PrometheusClient(prometheus or _own_prometheus()), minutes=minutes)
    except QueryError as error:
        raise AirfleetError(f"{error} Name a running Prometheus with --prometheus.") from None
    show.console.print(f"Wrote {to}.")


@app.command()
def check(
    folder: Annotated[str | None, typer.Argument(help="Another Dags folder; default airflow/dags.")] = None,
    as_json: Json = False,
) -> None:
    """Parse the Dag files as the dag-processor would, without a stack; exits 1 when one does not import."""
    from airfleet.embedded.instances import process_environment

    paths = Paths()
    arguments = [sys.executable, "-P", "-m", "airfleet.check", folder or str(paths.dags)]
    quiet = {"AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING"}
    done = subprocess.run(
        arguments + (["--json"] if as_json else []), env=process_environment(paths) | quiet, check=False
    )
    raise typer.Exit(done.returncode)


app.command()(bench.bench)


def main() -> None:
    """Run the command line; problems are printed as sentences, without a traceback."""
    try:
        backup.add_commands(app)
        team.add_commands(app)
        app()
    except AirfleetError as error:
        for problem in error.problems:
            show.errors.print(problem, style="red", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        show.errors.print("Interrupted. Nothing is lost: run the same command again.", style="yellow")
        sys.exit(130)


def _counts(given: list[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in given:
        name, _, number = item.partition("=")
        if name not in (WORKER.name, SCHEDULER.name):
            raise AirfleetError(f"{name!r} cannot be scaled; {WORKER.name} and {SCHEDULER.name} can.")
        most = MAX_WORKERS if name == WORKER.name else 8
        if not number.isdigit() or not 1 <= int(number) <= most:
            raise AirfleetError(f"{item!r} needs a number from 1 to {most}, as in {name}=2.")
        counts[name] = int(number)
    return counts


def _conf(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        raise AirfleetError(f"--conf is not JSON: {error}. Write it as in --conf '{{\"key\": 1}}'.") from None
    if not isinstance(given, dict):
        raise AirfleetError(
            f"--conf is a JSON {type(given).__name__}, and needs to be an object, as in '{{\"key\": 1}}'."
        )
    return given


def _own_prometheus() -> str:
    return f"http://127.0.0.1:{deployment.stack().settings.prometheus_port}"


def _watch(stack: Stack) -> None:
    """Bring up what watches the stack, last of all: the first time on a machine it is built, for minutes."""
    before = deployment.logins(stack)
    try:
        with show.progress() as progress:
            stack.watch(progress.say)
    except AirfleetError as error:
        show.errors.print("The stack runs, and nothing watches it:", style="yellow")
        for problem in error.problems:
            show.errors.print(problem, style="yellow", markup=False)
    if new := [row for row in deployment.logins(stack) if row not in before]:
        _print_logins(new)


def _print_logins(logins: Sequence[tuple[str, str, str, str]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Page", "Address", "User", "Password"):
        table.add_column(title)
    for row in logins:
        table.add_row(*row)
    show.console.print()
    show.console.print(table)


def _print_mail_hint(settings: Settings) -> None:
    if settings.uses_mail_catcher:
        show.console.print("Mail is caught here until .env names a server: ./airfleet mail")


def _exit_unless_successful(finished: list[DagRun]) -> None:
    failed = [run for run in finished if run.state != "success"]
    if failed:
        raise AirfleetError(
            *(f"{run.dag_id} {run.state}: run {run.run_id}. Its tasks' logs are in the web UI." for run in failed)
        )
