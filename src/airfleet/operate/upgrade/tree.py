"""The files of another version with this checkout's changes on top, as `git pull` would leave them."""

import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths

# Paths that a running stack writes and no version contains.
_WRITTEN = (".git", ".venv", ".airfleet", "build", "data", "airflow/logs")


@dataclass(frozen=True)
class Tree:
    """The result: the version's name, and the files that both sides have changed."""

    name: str
    conflicts: tuple[str, ...] = ()


def lay_out(paths: Paths, ref: str | None, folder: Path) -> Tree:
    """Fill the empty *folder* with the version at git *ref*.

    Without *ref* it is the upstream branch as last fetched, or the working tree where there is none. Raises
    AirfleetError when there is no such version.
    """
    commit = _commit(paths.root, ref) if (paths.root / ".git").exists() and shutil.which("git") else None
    if commit is None and ref is not None:
        raise AirfleetError(
            f"git knows no version {ref!r} in {paths.root}. Fetch it first (git fetch --tags), or leave it out to check"
            " the upstream branch, or the working tree where there is none."
        )
    if commit is None:
        _copy(paths.root, folder)
        return Tree("the working tree")
    _unpack(paths.root, commit, folder)
    changed, deleted = _own_changes(paths.root)
    for name in changed:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(paths.root / name, folder / name)
    for name in deleted:
        (folder / name).unlink(missing_ok=True)
    theirs = set(_names(paths.root, "diff", "--name-only", "--no-renames", "-z", "HEAD", commit))
    conflicts = sorted(theirs & {*changed, *deleted})
    described = _git(paths.root, "log", "-1", "--format=%h of %cd", "--date=format:%Y-%m-%d %H:%M", commit)
    return Tree(f"{ref or 'the upstream branch'} ({described.strip()})", tuple(conflicts))


def _commit(root: Path, ref: str | None) -> str | None:
    """Return the id of *ref*, or of the upstream branch's last commit; None where there is none."""
    try:
        found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref or '@{upstream}'}^{{commit}}")
    except AirfleetError:
        return None
    return found.strip()


def _own_changes(root: Path) -> tuple[list[str], list[str]]:
    """Return the files that differ from the last commit or are not in it, and those that were deleted."""
    deleted = _names(root, "diff", "--name-only", "--no-renames", "--diff-filter=D", "-z", "HEAD")
    changed = _names(root, "diff", "--name-only", "--no-renames", "--diff-filter=d", "-z", "HEAD")
    return [*changed, *_names(root, "ls-files", "--others", "--exclude-standard", "-z")], deleted


def _names(root: Path, *arguments: str) -> list[str]:
    return [name for name in _git(root, *arguments).split("\0") if name]


def _git(root: Path, *arguments: str) -> str:
    # Without a lock, which git would only need to cache the state of unchanged files.
    quiet = os.environ | {"GIT_OPTIONAL_LOCKS": "0"}
    done = subprocess.run(_command(root, *arguments), env=quiet, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AirfleetError(f"git {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout


def _command(root: Path, *arguments: str) -> list[str]:
    # The checkout's own repository, not one of a folder above it.
    return [shutil.which("git") or "git", f"--git-dir={root / '.git'}", f"--work-tree={root}", *arguments]


def _unpack(root: Path, commit: str, folder: Path) -> None:
    with subprocess.Popen(_command(root, "archive", "--format=tar", commit), stdout=subprocess.PIPE) as packing:
        assert packing.stdout is not None  # noqa: S101 - for the type checker # nosec B101
        with tarfile.open(fileobj=packing.stdout, mode="r|") as tar:
            tar.extractall(folder, filter="data")
    if packing.returncode != 0:
        raise AirfleetError(f"git archive {commit} failed; see above.")


def _copy(root: Path, folder: Path) -> None:
    def left_out(parent: str, names: Iterable[str]) -> set[str]:
        here = Path(parent).relative_to(root)
        return {
            name for name in names if (here / name).as_posix() in _WRITTEN or name.startswith((".env.", "__pyc"))
        } - {".env.example"}

    shutil.copytree(root, folder, ignore=left_out, dirs_exist_ok=True, symlinks=True)
