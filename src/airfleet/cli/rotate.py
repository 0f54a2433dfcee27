"""New secrets for a running stack."""

from typing import Annotated

import typer

from airfleet.cli import show
from airfleet.config.errors import AirfleetError
from airfleet.operate import deployment
from airfleet.operate.alone import alone
from airfleet.operate.rotate import kept, plan, rotation
from airfleet.stack.engines import rotating
from airfleet.stack.protocol import RotatingStack, Stack


def rotate(
    secrets: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SECRET]...", help="Keys of .env, as REDIS_PASSWORD; default all generated secrets."),
    ] = None,
) -> None:
    """Give a running stack new secrets without losing a task: running tasks end first, waiting ones are queued again.

    Run it again after an interruption.
    """
    keys = plan.keys_of(secrets or [])
    stack = rotating(deployment.stack())
    with alone(stack.paths, "rotate"), show.progress() as progress:
        done: frozenset[str] = frozenset()
        if kept.is_unfinished(stack.paths):
            progress.done("Completing the interrupted rotation.")
            done = rotation.complete(stack.paths, progress.say)
            progress.done(f"Rotated: {', '.join(sorted(done)) or 'nothing'}.")
            stack = rotating(deployment.stack())
        # Without names every secret is asked for, so the completed rotation was that one, or the rest follows now.
        if missing := [key for key in keys if key not in done] if secrets or not done else []:
            _rotate(stack, missing, progress)
    _say_what_is_left(stack, {*done, *missing})


def _rotate(stack: RotatingStack, keys: list[str], progress: show.Progress) -> None:
    if not stack.is_running():
        raise AirfleetError("The stack is not running. Start it with ./airfleet up.")
    values, made = rotation.prepare(stack, keys)
    for name, given in made.restarts.items():
        progress.done(f"to be restarted: {name}, for {', '.join(given)}")
    if made.concerns_tasks:
        progress.done("Running tasks end first; no other task starts meanwhile.")
    rotation.begin(stack, values, made, progress.say)
    done = rotation.complete(stack.paths, progress.say)
    progress.done(f"Rotated: {', '.join(sorted(done))}.")


def _say_what_is_left(stack: Stack, rotated: set[str]) -> None:
    if left := plan.left_alone(stack.settings):
        show.console.print(f"Left as they are, as other systems hold them: {', '.join(left)}.")
    if "ADMIN_PASSWORD" in rotated and "grafana" in stack.running_monitoring():
        show.console.print("Grafana keeps its password until you run: grafana cli admin reset-admin-password")
    show.console.print("./airfleet open prints the logins. Backups made before hold the earlier secrets.")
