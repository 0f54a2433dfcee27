"""The gate for roles that start while init runs: a file that is locked until init ends, whatever its outcome."""

import fcntl
from pathlib import Path
from typing import TextIO

_NAME = "init.lock"


def close(folder: Path) -> TextIO:
    """Return the locked file in *folder*; every process that has it open, children included, keeps it locked."""
    folder.mkdir(parents=True, exist_ok=True)
    gate = (folder / _NAME).open("w")
    fcntl.flock(gate, fcntl.LOCK_EX)
    return gate


def go_through(folder: Path) -> None:
    """Return when no process has the file in *folder* locked."""
    with (folder / _NAME).open("a") as gate:
        fcntl.flock(gate, fcntl.LOCK_SH)
