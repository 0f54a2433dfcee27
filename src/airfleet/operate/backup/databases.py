"""The contents of a backup: read from a running stack, restored into an empty one."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO

from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.operate.backup import archive
from airfleet.stack.protocol import Say, Stack

# In this order: rows of tasks that the metadata database has as done are in the warehouse, which is read after it.
# Tasks that it does not have as done run again, and write the same rows. Celery's results are only needed by running
# tasks, and are left out.
DATABASES = ("airflow", "warehouse")
_FORMAT = 1
_MANIFEST = "manifest.json"
_ENV = "env"
_ROLES = "roles.sql"


def take(stack: Stack, target: Path, recipient: str, say: Say) -> None:
    """Write a backup of the running *stack* to *target*, readable only with the identity of *recipient*.

    Tasks can run meanwhile. Raises AirfleetError when a database cannot be read; *target* is not changed then.
    """
    _refuse_outside(stack)
    if target.exists():
        raise AirfleetError(f"{target} exists. Name another file; a backup is never written over.")
    with _folder(stack.paths) as folder:
        say("reading roles")
        with (folder / _ROLES).open("wb") as output:
            _run(stack, "pg_dumpall", "--roles-only", stdout=output)
        for database in DATABASES:
            say(f"reading {database}")
            with (folder / f"{database}.dump").open("wb") as output:
                _run(stack, "pg_dump", "--format=custom", f"--dbname={database}", stdout=output)
        shutil.copyfile(stack.paths.env_file, folder / _ENV)
        (folder / _MANIFEST).write_text(json.dumps(_manifest(folder), indent=1))
        say(f"writing {target}")
        archive.write(target, folder, recipient)


def restore(paths: Paths, source: Path, key_file: str, choose: Callable[[], Stack], say: Say) -> Stack:
    """Restore the backup *source* into this checkout, which has no databases yet; return its stack.

    The servers run afterwards. `.env` comes from the backup, and an existing one is kept as `.env.before-restore`;
    *choose* makes the stack from it. Raises AirfleetError, with nothing changed, when the backup cannot be read or
    would replace data.
    """
    with _folder(paths) as folder:
        say(f"opening {source}")
        archive.read(source, folder, key_file)
        _check(folder, source)
        with _env_of_backup(paths, folder / _ENV):
            stack = choose()
            if stack.has_data():
                raise AirfleetError(
                    "This checkout has databases already, and a restore would replace them. Restore into a fresh clone,"
                    " or delete them first: ./airfleet down --volumes --yes."
                )
        stack.start_servers(say)
        say("restoring roles")
        with (folder / _ROLES).open("rb") as roles:
            # Roles that init creates exist already; psql reports that, and continues with roles that a team has
            # created.
            _run(stack, "psql", "--quiet", "--dbname=postgres", stdin=roles)
        for database in DATABASES:
            say(f"restoring {database}")
            with (folder / f"{database}.dump").open("rb") as dump:
                options = ("--clean", "--if-exists", "--single-transaction", "--exit-on-error")
                _run(stack, "pg_restore", *options, f"--dbname={database}", stdin=dump)
        return stack


def _refuse_outside(stack: Stack) -> None:
    named = [
        key for key in ("METADATA_URL", "WAREHOUSE_URL") if getattr(stack.settings, key.lower()).get_secret_value()
    ]
    if named:
        raise AirfleetError(
            f"{', '.join(named)} in .env name databases outside the stack: back them up where they run. Keep .env as"
            " well: its FERNET_KEY opens the connections that are stored in them."
        )


@contextmanager
def _folder(paths: Paths) -> Iterator[Path]:
    # Beside the databases' own files, with the same permissions; the unencrypted parts of a backup are written nowhere
    # else.
    paths.state.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="backup-", dir=paths.state) as folder:
        yield Path(folder)


@contextmanager
def _env_of_backup(paths: Paths, env: Path) -> Iterator[None]:
    """Put the backup's .env in place; the earlier one is restored when the block fails."""
    before = paths.env_file.with_name(".env.before-restore")
    had_one = paths.env_file.exists()
    if had_one:
        paths.env_file.replace(before)
    try:
        paths.env_file.touch(mode=0o600)
        shutil.copyfile(env, paths.env_file)
        yield
    except BaseException:
        paths.env_file.unlink()
        if had_one:
            before.replace(paths.env_file)
        raise


def _manifest(folder: Path) -> dict[str, object]:
    return {
        "format": _FORMAT,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "airflow": version("apache-airflow-core"),
        "files": {path.name: _sha256(path) for path in folder.iterdir()},
    }


def _check(folder: Path, source: Path) -> None:
    manifest = folder / _MANIFEST
    found = json.loads(manifest.read_text()) if manifest.exists() else {}
    if found.get("format") != _FORMAT:
        raise AirfleetError(f"{source} is not a backup that this version can read. Nothing was changed.")
    for name, digest in found["files"].items():
        if not (folder / name).exists() or _sha256(folder / name) != digest:
            raise AirfleetError(f"{name} in {source} is damaged. Nothing was changed; take another backup.")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _run(
    stack: Stack, program: str, *options: str, stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None
) -> None:
    command, environment = stack.postgres_program(program)
    done = subprocess.run(
        [*command, *options],
        env=os.environ | environment,
        stdin=stdin if stdin is not None else subprocess.DEVNULL,
        stdout=stdout if stdout is not None else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-3:]
        raise AirfleetError(f"{program} {options[-1]} failed: " + " ".join(said))
