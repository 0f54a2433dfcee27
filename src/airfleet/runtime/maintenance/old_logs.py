"""Deleting old task logs from the folder that workers share."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path


def old(folder: Path, before: float, unfinished: Collection[str]) -> Iterator[Path]:
    """Yield the files under *folder* that were last written before *before* (Unix time).

    Those of *unfinished* runs (`dag_id/run_id`) are left out: a task that runs for weeks may write nothing for as long.
    """
    parts = (run.partition("/") for run in unfinished)
    spared = {folder / f"dag_id={dag_id}" / f"run_id={run_id}" for dag_id, _, run_id in parts}
    for path in folder.rglob("*"):
        # What roles keep beside the logs: reports of processes that may run for longer.
        if path.relative_to(folder).parts[0].startswith("."):
            continue
        if path.is_symlink() or not path.is_file() or spared & set(path.parents):
            continue
        if path.stat().st_mtime < before:
            yield path


def delete(folder: Path, files: Collection[Path]) -> None:
    """Delete *files*, and the folders under *folder* that this leaves empty."""
    for path in files:
        path.unlink(missing_ok=True)
    for path in sorted({parent for file in files for parent in file.parents if folder in parent.parents}, reverse=True):
        # A task that starts now may have put something in.
        if path.is_dir() and not os.listdir(path):  # noqa: PTH208 - no need for a Path of each
            path.rmdir()
