"""An upgrade, rehearsed on copies beside the running stack."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.operate.upgrade import probe, scratch, tree
from airfleet.runtime.patches import switch
from airfleet.runtime.patches.patch import Patch
from airfleet.runtime.patches.registry import PATCHES
from airfleet.stack.embedded.instances import process_environment
from airfleet.stack.embedded.one_shot import last_lines
from airfleet.stack.protocol import Say, Stack

# The environment of a version, with its packages' caches.
_NEEDED_BYTES = 2 << 30
_LAST_LINES = 5


@dataclass
class Findings:
    """What came out: what an upgrade does, and each *problem* for which it would not go through."""

    version: str
    airflow: str = ""
    pending: list[str] = field(default_factory=list)
    dags: list[str] = field(default_factory=list)
    lost_patches: list[str] = field(default_factory=list)
    new_keys: list[str] = field(default_factory=list)
    removed_keys: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def rehearse(stack: Stack, ref: str | None, say: Say) -> Findings:
    """Upgrade copies of the metadata database, the Dags and .env to the version at *ref*, and say what came of it.

    The running stack goes on, and everything that was made is deleted again. Raises AirfleetError when the rehearsal
    itself cannot go on.
    """
    with _folder(stack) as folder:
        say("laying out the version")
        laid_out = tree.lay_out(stack.paths, ref, folder)
        found = Findings(laid_out.name)
        found.problems += [
            f"{name} was changed here and in that version: git pull stops there. Commit or undo the change here first."
            for name in laid_out.conflicts
        ]
        _compare_keys(stack.paths, folder, found)
        say("making its environment from its lock")
        shutil.copyfile(stack.paths.env_file, folder / ".env")
        # Its own way to complete .env; makes the environment on the way.
        if _run([str(folder / "airfleet"), "init"], _plain(), folder, "its environment", found) is None:
            return found
        say("copying the metadata database")
        with scratch.copy(stack) as address:
            _try(stack, folder, address, say, found)
    return found


def _try(stack: Stack, folder: Path, address: str, say: Say, found: Findings) -> None:
    python = str(folder / ".venv" / "bin" / "python")
    variables = _plain() | process_environment(Paths(folder))
    variables["PATH"] = f"{folder}/.venv/bin:{os.environ.get('PATH', os.defpath)}"
    variables |= {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": address,
        "AIRFLOW__CORE__FERNET_KEY": stack.settings.fernet_key.get_secret_value(),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    }
    say("looking for pending migrations")
    looked = _run([python, "-P", probe.__file__, str(folder / ".env")], variables, folder, "a first look", found)
    if looked is None:
        return
    answer = json.loads(looked.splitlines()[-1])
    found.airflow, found.pending = answer["airflow"], answer["pending"]
    found.problems += [f".env: {problem}" for problem in answer["settings"]]
    found.lost_patches = _lost(switch.wanted(stack.settings.airfleet_patches, PATCHES), answer["patches"])
    say("migrating the copy")
    for arguments in (["db", "migrate"], ["sync-perm"]):
        name = f"airflow {' '.join(arguments)} on a copy of the metadata database"
        if _run([python, "-P", "-m", "airflow", *arguments], variables, folder, name, found) is None:
            return
    say("parsing the Dags")
    # By its command line: where its modules lie may have changed.
    command = [str(folder / "airfleet"), "check", str(folder / "airflow" / "dags"), "--json"]
    done = _finished(command, variables, folder)
    # After what Airflow logs of files that do not import.
    start = f"\n{done.stdout}".rfind("\n{\n")
    if start < 0:
        found.problems.append(f"Parsing the Dags failed: {last_lines(done.stdout + done.stderr, _LAST_LINES)}")
        return
    parsed = json.loads(done.stdout[start:])
    found.dags = parsed["dags"]
    for where, said in parsed["import_errors"].items():
        found.problems.append(f"{where}: {said}".replace(f"{folder}/", ""))


def _lost(wanted: Iterable[Patch], theirs: Mapping[str, list[str]]) -> list[str]:
    """Return a sentence for each of the *wanted* changes that would not be active with a version's *theirs*."""
    said = []
    for patch in wanted:
        if patch.name not in theirs:
            said.append(f"{patch.name}, which that version no longer has. What it gained: {patch.gain}")
        elif theirs[patch.name]:
            said.append(f"{patch.name}, as {', '.join(theirs[patch.name])} differs. What it gained: {patch.gain}")
    return said


def _run(command: list[str], variables: dict[str, str], folder: Path, what: str, found: Findings) -> str | None:
    """Return what *command* printed; None, with a problem found, when it failed."""
    done = _finished(command, variables, folder)
    if done.returncode != 0:
        found.problems.append(f"{what} failed: {last_lines(done.stdout + done.stderr, _LAST_LINES)}")
        return None
    return done.stdout


def _finished(command: list[str], variables: dict[str, str], folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run *command* to its end; an interruption ends it with all that it started, which would write on otherwise."""
    with subprocess.Popen(
        command,
        env=variables,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as running:
        try:
            said, problems = running.communicate()
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, running.returncode, said, problems)


def _compare_keys(paths: Paths, folder: Path, found: Findings) -> None:
    theirs, ours = (dotenv_values(root / ".env.example", interpolate=False) for root in (folder, paths.root))
    have = dotenv_values(paths.env_file, interpolate=False)
    found.new_keys = [key for key in theirs if key not in have]
    found.removed_keys = [key for key in ours if key not in theirs]


def _plain() -> dict[str, str]:
    """Return this shell's variables without those that would change what another version's Python does."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "AIRFLEET", "PYTHON", "VIRTUAL_ENV"))}


@contextmanager
def _folder(stack: Stack) -> Iterator[Path]:
    """Give an empty folder that is deleted at the end; one that a killed check left is deleted first."""
    folder = stack.paths.state / "upgrade-check"
    shutil.rmtree(folder, ignore_errors=True)
    needed = _NEEDED_BYTES + scratch.size_bytes(stack)
    if (free := shutil.disk_usage(stack.paths.state).free) < needed:
        raise AirfleetError(
            f"{stack.paths.state} has {free >> 20} MiB free, and a rehearsal needs {needed >> 20} MiB. Free some space"
            " and run again."
        )
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
