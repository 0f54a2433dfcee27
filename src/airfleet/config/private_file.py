"""Files that nobody else may have put in place: no link is followed, and each is replaced in one step."""

import os
from io import BufferedWriter
from pathlib import Path


def write(path: Path, text: str, *, mode: int = 0o600, group: int | None = None) -> None:
    """Write *text* to *path* in one step, with *mode*; a *group* (its id) may be given the file."""
    partial = path.with_name(path.name + ".partial")
    with create(partial) as file:
        if group is not None:
            os.fchown(file.fileno(), -1, group)
        # The umask had its say when the file was made.
        os.fchmod(file.fileno(), mode)
        file.write(text.encode())
    partial.replace(path)


def create(path: Path) -> BufferedWriter:
    """Open *path* for writing as a new file, readable by its owner only; one that is there, or a link, is removed."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb")
