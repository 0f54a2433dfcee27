"""Printing the roles' log files."""

import time
from pathlib import Path

from airfleet.config.errors import AirfleetError

_POLL_S = 0.2


def show(folder: Path, role: str | None, *, follow: bool, tail: int) -> None:
    """Print the last *tail* lines of each log of *role*, and with *follow* every new line.

    Raises AirfleetError when no role of this name has a log.
    """
    every = sorted(folder.glob("*.log"))
    files = [f for f in every if role is None or f.stem == role or f.stem.rpartition("-")[0] == role]
    if not files:
        names = ", ".join(f.stem for f in every) or "none yet"
        raise AirfleetError(f"There is no log of {role or 'any role'}; there are logs of: {names}.")
    width = max(len(f.stem) for f in files) if len(files) > 1 else 0
    positions = {}
    for file in files:
        text = file.read_text(errors="replace")
        positions[file] = file.stat().st_size
        _print(file, text.splitlines()[-tail:], width)
    while follow:
        for file in files:
            size = file.stat().st_size if file.exists() else 0
            if size < positions[file]:
                positions[file] = 0  # It was rotated.
            if size > positions[file]:
                with file.open(errors="replace") as opened:
                    opened.seek(positions[file])
                    _print(file, opened.read().splitlines(), width)
                    positions[file] = opened.tell()
        time.sleep(_POLL_S)


def _print(file: Path, lines: list[str], width: int) -> None:
    prefix = f"{file.stem:<{width}} | " if width else ""
    for line in lines:
        print(prefix + line, flush=True)
