"""Files with secrets: for their owner's eyes alone, and never seen half written."""

import os
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Put *text* into *path*, in one step, readable by its owner alone."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(path)
