"""Files with secrets: readable by their owner only, and replaced in one step."""

import os
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Write *text* to *path* in one step, readable by its owner only."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(path)
