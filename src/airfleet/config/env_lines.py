"""What stands in .env, read in the one way that Compose and this tool agree on."""

import re
from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from airfleet.config.errors import AirfleetError

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def read(env_file: Path) -> dict[str, str]:
    """Return the values of *env_file* by key.

    Raises AirfleetError with one problem per line that cannot be read or that Compose would read differently, without
    its value.
    """
    values: dict[str, str] = {}
    problems: list[str] = []
    try:
        with env_file.open(encoding="utf-8") as stream:
            bindings = list(parse_stream(stream))
    except UnicodeDecodeError:
        raise AirfleetError(f"{env_file} is not UTF-8 text. Save it as UTF-8 and run again.") from None
    for binding in bindings:
        if binding.error or (binding.key is not None and binding.value is None):
            problems.append(f"Line {binding.original.line} of {env_file} is not KEY=value.")
        elif binding.key is not None:
            if problem := _problem(binding.key, binding.value or "", binding):
                problems.append(f"{binding.key if _KEY.fullmatch(binding.key) else repr(binding.key)} {problem}.")
            values[binding.key] = binding.value or ""
    if problems:
        raise AirfleetError(*problems)
    return values


def _problem(key: str, value: str, binding: Binding) -> str | None:
    if not _KEY.fullmatch(key):
        return "is not a key: letters, digits and _ only"
    if _CONTROL.search(value):
        return "has a line break or another control character"
    written = binding.original.string.partition("=")[2].strip()
    if "$" in value and not written.startswith("'"):
        return "has a $, which Compose replaces: put the whole value between single quotes"
    return None


def variables(values: Mapping[str, str], prefixes: str) -> dict[str, str]:
    """Return those of *values* that are not empty and whose key begins with one of *prefixes*, separated by commas."""
    beginnings = tuple(filter(None, prefixes.split(",")))
    return {key: value for key, value in values.items() if value and beginnings and key.startswith(beginnings)}
