"""Every command, its options and its help."""

import json
import sys
import time
from typing import Annotated, Any

import typer

from airfleet.cli import backup, bench, look, patches, rotate, show, team, upgrade
from airfleet.cli.look import Json
from airfleet.cli.team import PROGRAM_NAME
from airfleet.config import env_file, settings
from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.config.sizes import SIZES
from airfleet.operate import deployment, first_runs, runs
from airfleet.operate.airflow_api import AirflowApi, DagRun
from airfleet.operate.join import worker_env
from airfleet.stack import roles
from airfleet.stack.protocol import Stack

app = typer.Typer(
    help="Airflow on Celery, with the three pipelines of a shop. `./airfleet up` starts it.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def before() -> None:
    """Warn of keys of .env that nothing reads."""
    env = Paths().env_file
    for sentence in settings.unknown_keys(env) if env.is_file() else []:
        show.errors.print(sentence, style="yellow", markup=False)


Scale = Annotated[list[str], typer.Argument(help="ROLE=N, where ROLE is airflow-worker or airflow-scheduler.")]


@app.command()
def init(
    size: Annotated[
        str | None, typer.Option("--size", help=f"Set numbers and limits for a {', '.join(SIZES)} deployment.")
    ] = None,
) -> None:
    """Create .env with generated secrets, or fill in the empty ones."""
    paths = Paths()
    if size is not None and size not in SIZES:
        raise AirfleetError(f"There is no size {size!r}; there are {', '.join(SIZES)}. docs/scaling.md describes them.")
    existed = paths.env_file.exists()
    added = env_file.fill(paths.env_file, paths.env_example)
    if not existed:
        show.console.print(f"Wrote {paths.env_file} with {len(added)} generated secrets.")
    elif added:
        show.console.print(f"Added to {paths.env_file}: {', '.join(added)}.")
    else:
        show.console.print(f"{paths.env_file} is complete.")
    if size is not None:
        changed = env_file.change(paths.env_file, SIZES[size])
        said = ", ".join(f"{key}={SIZES[size][key]}" for key in changed) or "nothing to change"
        show.console.print(f"Size {size}: {said}. It takes effect at the next ./airfleet up.")


@app.command()
def up(
    scale: Annotated[
        list[str], typer.Option("--scale", help="ROLE=N instead of the number in .env; may be given twice.")
    ] = [],  # noqa: B006 - typer's way to say "none given"
    engine: Annotated[
        str | None,
        typer.Option("--engine", help="docker or embedded; default: the last one, or docker where it answers."),
    ] = None,
) -> None:
    """Start everything, run the first Dags once, and print addresses and logins.

    Exits 0 only when every role is healthy and every first Dag run has succeeded. Running processes are left alone.
    """
    stack = deployment.stack(make_env=True, engine=engine)
    wanted = roles.counts(stack.settings) | _counts(scale)
    started = time.monotonic()
    with show.progress() as progress:
        stack.up(wanted, progress.say)
        progress.done(f"[green]✓[/] every role is healthy after {time.monotonic() - started:.0f} s")
        finished, tasks = first_runs.run(stack, progress.say, progress.watch)
    if tasks:
        show.console.print(show.tasks_table(tasks, stack.worker_name))
    show.logins(deployment.logins(stack))
    show.mail_hint(stack.settings)
    _start_monitoring(stack)
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
        typer.Option("--timeout", "-t", help="Seconds for running tasks to finish; default STOP_GRACE_SECONDS."),
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
    """Start a run of a Dag, follow it, and print its tasks. Exits 0 only when the run succeeds."""
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


@app.command(context_settings=team.UNTOUCHED)
def airflow(context: typer.Context) -> None:
    """Run Airflow's own command line on the stack, as in `./airfleet airflow connections list`."""
    raise typer.Exit(deployment.running_stack().run_airflow(context.args))


@app.command()
def join(
    address: Annotated[str, typer.Argument(help="This machine's address, as seen from the other one.")],
) -> None:
    """Print the .env of workers on another machine, with only the secrets and addresses that they need."""
    typer.echo(worker_env(deployment.stack().settings, Paths(), address), nl=False)


app.add_typer(look.commands)
app.command()(patches.patches)
app.command()(bench.bench)
app.command()(rotate.rotate)
app.command()(upgrade.upgrade)
backup.add_commands(app)


def main() -> None:
    """Run the command line; errors are printed without a traceback."""
    try:
        team.add_commands(app)
        app(prog_name=PROGRAM_NAME)
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
        role = next((each for each in roles.SCALABLE if each.name == name), None)
        if role is None:
            raise AirfleetError(
                f"{name!r} cannot be scaled; {' and '.join(sorted(each.name for each in roles.SCALABLE))} can."
            )
        if not number.isdigit() or not 1 <= int(number) <= role.most:
            raise AirfleetError(f"{item!r} needs a number from 1 to {role.most}, as in {name}=2.")
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


def _start_monitoring(stack: Stack) -> None:
    """Start monitoring last: on a machine without its programs they are built once, which takes minutes."""
    before = deployment.logins(stack)
    try:
        with show.progress() as progress:
            stack.start_monitoring(progress.say, progress.note)
    except AirfleetError as error:
        show.errors.print("The stack runs without monitoring:", style="yellow")
        for problem in error.problems:
            show.errors.print(problem, style="yellow", markup=False)
    if new := [row for row in deployment.logins(stack) if row not in before]:
        show.logins(new)


def _exit_unless_successful(finished: list[DagRun]) -> None:
    failed = [run for run in finished if run.state != "success"]
    if failed:
        raise AirfleetError(
            *(f"{run.dag_id} {run.state}: run {run.run_id}. Its tasks' logs are in the web UI." for run in failed)
        )
