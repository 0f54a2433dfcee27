"""Results of long suites, each kept with the digest of the sources that it is about.

A result file is a JSON object of what its suite measured. Its key `evidence` has two parts: `parts` has for each part
of the suite the last result, its date, seconds, machine and digest; `sources` has for each digest the files that it was
made of and the parts that the suite then had. A digest does not depend on a commit, on time, on line endings or on
files that git does not track.
"""

import hashlib
import json
import os
import subprocess
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import psutil

from airfleet.config.errors import AirfleetError

PASSED, FAILED = "passed", "failed"
KEY = "evidence"
# Enough to tell a changed file by; the digest is made of whole hashes.
_SHORT = 8
_NO_DOCS = ":(exclude,glob)**/*.md"


@dataclass(frozen=True)
class Suite:
    """A long suite: its make target, its result file, and git's pathspecs of the sources that it is about.

    *parts* are the suite's own among those of the file; without them a run says which there are, and *tests* are
    the folders in which it finds them, all tests or those with *marker*.
    """

    name: str
    command: str
    file: str
    about: tuple[str, ...]
    parts: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    marker: str = ""


class Sources:
    """The files that a suite is about, as they are now, and their hashes."""

    def __init__(self, root: Path, about: Collection[str]) -> None:
        self._hashes = {name: _hash(root / name) for name in _tracked(root, about)}

    @cached_property
    def digest(self) -> str:
        """One hash of every path and content, with its kind, so that no scanner takes it for a key."""
        lines = (f"{name}\0{found}\n" for name, found in sorted(self._hashes.items()))
        return f"sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()}"

    @property
    def by_folder(self) -> dict[str, dict[str, str]]:
        """The short hash of each file, by folder and name."""
        folders: dict[str, dict[str, str]] = {}
        for name, found in sorted(self._hashes.items()):
            path = PurePosixPath(name)
            folders.setdefault(str(path.parent), {})[path.name] = found[:_SHORT]
        return folders

    def changed_since(self, by_folder: Mapping[str, Mapping[str, str]]) -> list[str]:
        """Return the paths that are new, gone or different since *by_folder* was written."""
        then = _flat(by_folder)
        now = _flat(self.by_folder)
        return sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))


def _flat(by_folder: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {
        str(PurePosixPath(folder, name)): found for folder, names in by_folder.items() for name, found in names.items()
    }


def _tracked(root: Path, about: Collection[str]) -> list[str]:
    command = ["git", "ls-files", "-z", "--", *about, _NO_DOCS]
    try:
        listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or error
        raise AirfleetError(
            f"git cannot list the sources in {root}: {said}. Evidence needs git and a clone, not an unpacked archive."
        ) from error
    # A file that was deleted and not yet committed is no source any more.
    return [name for name in listed.split("\0") if name and (root / name).is_file()]


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def read(path: Path) -> dict[str, Any]:
    """Return what *path* holds, nothing when there is no such file."""
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def write(path: Path, data: Mapping[str, Any]) -> None:
    """Replace *path* at once: whoever is interrupted leaves the old file or the new one."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(data, indent=1) + "\n")
    partial.replace(path)


def machine() -> str:
    """Return the size of this machine."""
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, {psutil.virtual_memory().total / (1 << 30):.0f} GiB"


class Keeper:
    """Keeps the results of a run of *suite* in *path*, which is the suite's own file unless it is given."""

    def __init__(self, suite: Suite, root: Path, path: Path | None = None) -> None:
        self._suite, self._root = suite, root
        self.path = path or root / suite.file
        self._sources = Sources(root, suite.about)

    def missing(self, parts: Iterable[str]) -> list[str]:
        """Return those of *parts* that have not passed with the present sources."""
        kept = read(self.path).get(KEY, {}).get("parts", {})
        return [name for name in parts if not _passed(kept.get(name), self._sources.digest)]

    def expect(self, parts: Iterable[str]) -> None:
        """Keep that the suite has *parts* and no others, whatever is run of them now."""
        data = read(self.path)
        self._described(data)["parts"] = wanted = sorted(parts)
        kept = data[KEY]
        kept["parts"] = {name: entry for name, entry in kept["parts"].items() if name in wanted}
        write(self.path, data)

    def keep(
        self,
        part: str,
        *,
        passed: bool,
        seconds: float,
        results: Mapping[str, Any] | None = None,
        whole: bool = True,
    ) -> list[str]:
        """Keep how *part* ended, and *results* beside it; return the sources that changed since the run began.

        When some have, or *part* was not *whole*, the result is kept without a digest, and is stale.
        """
        changed = Sources(self._root, self._suite.about).changed_since(self._sources.by_folder)
        data = read(self.path) | dict(results or {})
        self._described(data)
        kept = data[KEY]
        kept["parts"][part] = {
            "result": PASSED if passed else FAILED,
            "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
            "seconds": round(seconds, 1),
            "machine": machine(),
            "sources": self._sources.digest if whole and not changed else "",
        }
        # No part is about these any more.
        used = {entry["sources"] for entry in kept["parts"].values()} | {self._sources.digest}
        kept["sources"] = {digest: of for digest, of in kept["sources"].items() if digest in used}
        write(self.path, data)
        return changed

    def _described(self, data: dict[str, Any]) -> dict[str, Any]:
        kept = data.setdefault(KEY, {"parts": {}, "sources": {}})
        of: dict[str, Any] = kept["sources"].setdefault(self._sources.digest, {"files": self._sources.by_folder})
        return of


def _passed(entry: Mapping[str, Any] | None, digest: str) -> bool:
    return entry is not None and entry["sources"] == digest and entry["result"] == PASSED


@dataclass(frozen=True)
class State:
    """What is known of a suite: `fresh`, `in parts` (some are about older sources), `failed`, `stale` or `absent`.

    *done* of *parts* have passed, between *first* and *last*: with the present sources, or when it is stale with those
    that it is about. *changed* are the files that differ from those that the latest older part is about; empty when no
    digest was kept.
    """

    suite: str
    state: str
    done: int
    parts: int
    first: str
    last: str
    machine: str
    changed: list[str]
    failed: list[str]
    file: str
    command: str


def state(suite: Suite, root: Path) -> State:
    """Return what is known of *suite* in its file, beside the sources as they are now."""
    kept = read(root / suite.file).get(KEY, {"parts": {}, "sources": {}})
    entries = {name: entry for name, entry in kept["parts"].items() if not suite.parts or name in suite.parts}
    now = Sources(root, suite.about)
    current = {name: entry for name, entry in entries.items() if entry["sources"] == now.digest}
    of_now = suite.parts or kept["sources"].get(now.digest, {}).get("parts", ())
    of_all = of_now if current else suite.parts or list(entries)
    shown = current or entries
    done = [name for name in of_all if shown.get(name, {}).get("result") == PASSED]
    failed = sorted(name for name in of_all if shown.get(name, {}).get("result") == FAILED)
    name = _name_of_state(bool(entries), bool(current), len(done) == len(of_all), bool(failed))
    older = [entry["sources"] for part, entry in sorted(entries.items(), key=_by_date) if part not in current]
    then = kept["sources"].get(older[-1]) if older and name != "fresh" else None
    return State(
        suite=suite.name,
        state=name,
        done=len(done),
        parts=len(of_all),
        first=min((entry["date"] for entry in shown.values()), default=""),
        last=max((entry["date"] for entry in shown.values()), default=""),
        machine="; ".join(sorted({entry["machine"] for entry in shown.values()})),
        changed=now.changed_since(then["files"]) if then else [],
        failed=failed,
        file=suite.file,
        command=suite.command,
    )


def _by_date(item: tuple[str, Mapping[str, str]]) -> str:
    return item[1]["date"]


def _name_of_state(some: bool, current: bool, whole: bool, failed: bool) -> str:
    if not some:
        return "absent"
    if not current:
        return "stale"
    if failed:
        return "failed"
    return "fresh" if whole else "in parts"
