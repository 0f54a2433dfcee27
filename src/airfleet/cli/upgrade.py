"""Whether an upgrade would go through."""

import signal
from typing import Annotated, NoReturn

import typer

from airfleet.cli import show
from airfleet.config.errors import AirfleetError
from airfleet.operate import deployment
from airfleet.operate.alone import alone
from airfleet.operate.upgrade import rehearsal
from airfleet.operate.upgrade.rehearsal import Findings
from airfleet.stack.protocol import Capability, require


def upgrade(
    ref: Annotated[
        str | None,
        typer.Argument(
            help="A git branch, tag or commit; default the upstream branch as last fetched, or else the working tree."
        ),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Rehearse it on copies, and change nothing.")] = False,
) -> None:
    """See whether another version would go through here: --check migrates a copy and parses the Dags.

    Exits 0 only when it would. To upgrade then: git pull, ./airfleet down, ./airfleet up.
    """
    if not check:
        raise AirfleetError(
            "There is only ./airfleet upgrade --check, which rehearses an upgrade. To upgrade: ./airfleet backup, git"
            " pull, ./airfleet down, ./airfleet up."
        )
    stack = deployment.running_stack()
    require(stack, Capability.UPGRADE_CHECK)
    # As an interruption, so that what was made is taken away.
    signal.signal(signal.SIGTERM, _interrupt)
    with alone(stack.paths, "upgrade"), show.progress() as progress:
        found = rehearsal.rehearse(stack, ref, progress.say)
    _show(found)
    if found.problems:
        raise AirfleetError(
            *found.problems, f"An upgrade to {found.version} would not go through; nothing was changed."
        )
    show.console.print(f"An upgrade to {found.version} would go through; nothing was changed.", markup=False)


def _show(found: Findings) -> None:
    lines = [f"Airflow {found.airflow}" if found.airflow else ""]
    if found.airflow:
        lines += [f"pending migration: {each}" for each in found.pending] or ["no pending migration"]
    lines += [f"new key of .env, which ./airfleet init adds: {key}" for key in found.new_keys]
    lines += [f"key of .env that it no longer reads: {key}" for key in found.removed_keys]
    lines += [f"change to Airflow that would not be active: {each}" for each in found.lost_patches]
    lines += [f"{len(found.dags)} Dags parsed: {', '.join(found.dags)}"] if found.dags else []
    for line in filter(None, lines):
        show.console.print(line, markup=False)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
