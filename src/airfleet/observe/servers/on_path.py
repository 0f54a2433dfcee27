"""Monitoring programs on PATH: one that is new enough is used instead of being built, which takes minutes."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from airfleet.observe.servers import build

_ANSWER_S = 5.0
# "prometheus, version 3.16.0 (branch: HEAD, ...)"; Debian writes 2.53.3+ds1, others v3.16.0.
_VERSION = re.compile(r"\bversion v?(\d+)\.(\d+)(\.\d+)?")


@dataclass(frozen=True)
class Found:
    """A program on PATH and the version that it gives; empty where it gives none."""

    program: build.Program
    path: Path
    version: str

    @property
    def is_new_enough(self) -> bool:
        """Return whether it is of the minor version that is built here, or newer."""
        return _minor(self.version) >= _minor(self.program.version)

    def __str__(self) -> str:
        """Say what it is and whether it is used."""
        given = f"{self.path} {self.version}" if self.version else f"{self.path}, which gives no version,"
        if self.is_new_enough:
            return f"{self.program.name}: {given} is on PATH and is used"
        major, minor = _minor(self.program.version)
        return (
            f"{self.program.name}: {given} is on PATH and is not used, because {major}.{minor} or newer is needed;"
            f" {self.program.version} is built instead"
        )


def find(program: build.Program) -> Found | None:
    """Return the program that is on PATH under the name of *program*, if there is one."""
    path = shutil.which(program.name)
    return Found(program, Path(path), _version(path, Path(path).stat().st_mtime_ns)) if path else None


def programs(cache: Path) -> dict[str, Path]:
    """Return what can be run now, by name: the program on PATH if it is new enough, else the one built into *cache*."""
    found = (find(program) for program in build.RUNTIME)
    return build.built(cache) | {each.program.name: each.path for each in found if each and each.is_new_enough}


def provide(cache: Path, *, progress: build.Progress, note: Callable[[str], None]) -> None:
    """Build into *cache* what is neither there nor, new enough, on PATH.

    *note* is told about each program on PATH. Raises BuildError and GoMissingError as `build.build` does.
    """
    missing = []
    for program in build.RUNTIME:
        found = find(program)
        if found:
            note(str(found))
        if not found or not found.is_new_enough:
            missing.append(program)
    build.build(cache, missing, progress=progress)


@functools.cache
def _version(path: str, _modified_ns: int) -> str:
    # A file and not a pipe: what a wrapper script leaves running would hold a pipe open past the time-out.
    with tempfile.TemporaryFile("w+", errors="replace") as out:
        try:
            done = subprocess.run(
                [path, "--version"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=_ANSWER_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        out.seek(0)
        match = _VERSION.search(out.read()) if done.returncode == 0 else None
    return f"{match[1]}.{match[2]}{match[3] or ''}" if match else ""


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2]) if version else ()
