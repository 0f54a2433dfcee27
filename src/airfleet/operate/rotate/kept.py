"""`.env` while secrets are rotated: replaced in one step, and the one before kept until nothing needs it.

As long as the earlier file is there, the rotation is not over: whatever was reached, all of it is done again, with the
secrets that are in `.env` by then.
"""

from collections.abc import Mapping
from pathlib import Path

from airfleet.config import env_file, private_file
from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths


def before(paths: Paths) -> Path:
    """Return where the earlier .env is kept."""
    return paths.root / ".env.before-rotate"


def is_unfinished(paths: Paths) -> bool:
    """Return whether a rotation was begun and is not over."""
    return before(paths).exists()


def refuse_unfinished(paths: Paths) -> None:
    """Raise AirfleetError when a rotation is not over: servers may have either secrets."""
    if is_unfinished(paths):
        raise AirfleetError(
            f"A rotation of secrets has not come to its end ({before(paths).name} is there, with the earlier ones)."
            " ./airfleet rotate completes it."
        )


def replace(paths: Paths, values: Mapping[str, str]) -> None:
    """Put *values* into .env, and keep it as it was."""
    private_file.write(before(paths), paths.env_file.read_text(encoding="utf-8"))
    env_file.change(paths.env_file, values)


def forget(paths: Paths) -> None:
    """Delete the earlier file: the rotation is over."""
    before(paths).unlink()
