"""`.env` during a rotation: replaced in one step, and the earlier one kept until the rotation is finished.

While the earlier file exists, the rotation is unfinished: all steps are repeated, with the secrets that are then in
`.env`.
"""

from collections.abc import Mapping
from pathlib import Path

from airfleet.config import env_file, private_file
from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths


def before(paths: Paths) -> Path:
    """Return the path of the earlier .env."""
    return paths.root / ".env.before-rotate"


def is_unfinished(paths: Paths) -> bool:
    """Return whether a rotation is unfinished."""
    return before(paths).exists()


def refuse_unfinished(paths: Paths) -> None:
    """Raise AirfleetError when a rotation is unfinished, as servers may have either secrets."""
    if is_unfinished(paths):
        raise AirfleetError(
            f"A rotation of secrets is unfinished ({before(paths).name} is there, with the earlier ones)."
            " ./airfleet rotate completes it."
        )


def replace(paths: Paths, values: Mapping[str, str]) -> None:
    """Put *values* into .env, and keep the earlier file."""
    private_file.write(before(paths), paths.env_file.read_text(encoding="utf-8"))
    env_file.change(paths.env_file, values)


def forget(paths: Paths) -> None:
    """Delete the earlier file: the rotation is finished."""
    before(paths).unlink()
