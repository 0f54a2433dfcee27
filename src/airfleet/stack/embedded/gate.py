"""Where a role that starts while init is at work waits: a file that is locked until init ends, in whatever way."""

import fcntl
from pathlib import Path
from typing import TextIO

_NAME = "init.lock"


def close(folder: Path) -> TextIO:
    """Return the locked file in *folder*; whoever has it open, children that are given it as well, keeps it locked."""
    folder.mkdir(parents=True, exist_ok=True)
    gate = (folder / _NAME).open("w")
    fcntl.flock(gate, fcntl.LOCK_EX)
    return gate


def go_through(folder: Path) -> None:
    """Return when nobody has the file in *folder* locked."""
    with (folder / _NAME).open("a") as gate:
        fcntl.flock(gate, fcntl.LOCK_SH)
