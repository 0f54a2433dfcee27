"""Commands for backups: backup-key, backup, restore."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from airfleet.cli import show
from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.operate import deployment
from airfleet.operate.backup import archive, databases


def add_commands(app: typer.Typer) -> None:
    """Add `backup-key`, `backup` and `restore` to *app*."""
    app.command(name="backup-key")(backup_key)
    app.command()(backup)
    app.command()(restore)


def backup_key() -> None:
    """Print a new key for backups. Keep it on another machine: it opens every backup."""
    text = archive.new_key()
    typer.echo(text, nl=False)
    show.errors.print(
        f"Keep the printed key on another machine, and put this line into .env:\n"
        f"BACKUP_RECIPIENT={archive.public_key(text)}",
        markup=False,
        soft_wrap=True,
    )


def backup(
    to: Annotated[Path | None, typer.Argument(help="The file to write; default airfleet-DATE-TIME.age.")] = None,
) -> None:
    """Write the databases and .env to one encrypted file. Tasks can run meanwhile."""
    stack = deployment.running_stack()
    recipient = stack.settings.backup_recipient
    if not recipient:
        raise AirfleetError(
            "BACKUP_RECIPIENT in .env is empty, and a backup holds every secret. ./airfleet backup-key makes a key and"
            " prints the line for .env."
        )
    target = to or Path(f"airfleet-{datetime.now(UTC):%Y%m%d-%H%M%S}.age")
    with show.progress() as progress:
        databases.take(stack, target, recipient, progress.say)
    show.console.print(f"Wrote {target}, {target.stat().st_size / 1e6:.1f} MB.", markup=False)


def restore(
    backup_file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What `backup` wrote.")],
    key: Annotated[Path, typer.Option("--key", help="The file with the key; - reads it from the standard input.")],
    engine: Annotated[str | None, typer.Option("--engine", help="docker or embedded; default as for up.")] = None,
) -> None:
    """Restore a backup into a checkout without databases; ./airfleet up then starts the stack from it."""
    if str(key) != "-" and not key.is_file():
        raise AirfleetError(f"There is no key file {key}. It is what ./airfleet backup-key printed.")
    text = sys.stdin.read() if str(key) == "-" else key.read_text(encoding="utf-8")
    with show.progress() as progress:
        databases.restore(
            Paths(), backup_file, text, lambda: deployment.stack(make_env=True, engine=engine), progress.say
        )
    show.console.print("Restored. ./airfleet up starts the rest.")
