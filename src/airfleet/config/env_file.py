"""Creating .env from .env.example, with generated secrets."""

import base64
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from dotenv import dotenv_values

from airfleet.config import private_file
from airfleet.config.errors import AirfleetError
from airfleet.config.settings import Settings


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def _password() -> str:
    return secrets.token_hex(16)


def _long_secret() -> str:
    return secrets.token_hex(48)


GENERATORS: dict[str, Callable[[], str]] = {
    "FERNET_KEY": _fernet_key,
    "JWT_SECRET": _long_secret,
    "API_SECRET_KEY": _long_secret,
    "SESSION_KEY": _long_secret,
    **{
        name.upper(): _password
        for name in Settings.model_fields
        if name.endswith("_password") and name != "smtp_password"
    },
}


def fill(env_file: Path, example: Path) -> list[str]:
    """Write *env_file* from *example*, or complete it, and return the names of the keys that were added.

    Existing values are kept; an empty or missing secret is generated. The file is replaced in one step, readable by its
    owner only.
    """
    defaults = dotenv_values(example, interpolate=False)
    given = dotenv_values(env_file, interpolate=False) if env_file.exists() else {}
    try:
        text = env_file.read_text(encoding="utf-8") if env_file.exists() else example.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise AirfleetError(f"{env_file} is not UTF-8 text. Save it as UTF-8 and run again.") from None
    added: dict[str, str] = {}
    for key, default in defaults.items():
        if key in GENERATORS and not given.get(key):
            added[key] = GENERATORS[key]()
        elif key not in given and env_file.exists():
            added[key] = default or ""
    lines = text.splitlines()
    for key, value in added.items():
        put(lines, key, value)
    if added or not env_file.exists():
        private_file.write(env_file, "\n".join(lines) + "\n")
    return list(added)


def change(env_file: Path, values: Mapping[str, str]) -> list[str]:
    """Give the keys of *env_file* their *values*, and return the names of those that changed."""
    given = dotenv_values(env_file, interpolate=False)
    changed = [key for key, value in values.items() if given.get(key) != value]
    lines = env_file.read_text(encoding="utf-8").splitlines()
    for key in changed:
        put(lines, key, values[key])
    if changed:
        private_file.write(env_file, "\n".join(lines) + "\n")
    return changed


def put(lines: list[str], key: str, value: str) -> None:
    """Set *key* to *value* in the *lines* of such a file: in its existing line, or in a new one at the end."""
    for number, line in enumerate(lines):
        if line.split("=", 1)[0].strip() == key:
            lines[number] = f"{key}={value}"
            return
    lines.append(f"{key}={value}")
