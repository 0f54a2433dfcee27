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
        typer.Argument(metavar="[SECRET]...", help="Keys of .env, as REDIS_PASSWORD; default every generated secret."),
    ] = None,
) -> None:
    """Give a running stack new secrets, and lose no task: those that run end first, those that wait are queued again.

    Run it again when it was interrupted.
    """
    keys = plan.keys_of(secrets or [])
    stack = rotating(deployment.stack())
    with alone(stack.paths, "rotate"), show.progress() as progress:
        done: frozenset[str] = frozenset()
        if kept.is_unfinished(stack.paths):
            progress.done("Completing the rotation that was interrupted.")
            done = rotation.complete(stack.paths, progress.say)
            progress.done(f"Rotated: {', '.join(sorted(done)) or 'nothing'}.")
            stack = rotating(deployment.stack())
        # Without names all of them were asked for, and what was interrupted was that, or is done now.
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
        progress.done("Tasks that run end first; no other starts meanwhile.")
    rotation.begin(stack, values, made, progress.say)
    done = rotation.complete(stack.paths, progress.say)
    progress.done(f"Rotated: {', '.join(sorted(done))}.")


def _say_what_is_left(stack: Stack, rotated: set[str]) -> None:
    if left := plan.left_alone(stack.settings):
        show.console.print(f"Left as they are, to be changed where they come from: {', '.join(left)}.")
    if "ADMIN_PASSWORD" in rotated and "grafana" in stack.watched_by():
        show.console.print("Grafana keeps its password until you run: grafana cli admin reset-admin-password")
    show.console.print("./airfleet open prints the logins. Backups made before hold the earlier secrets.")
