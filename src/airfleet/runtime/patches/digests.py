"""Digests of functions and classes in source files, without importing or parsing them.

A role compares some twenty digests as it starts, so this reads lines instead of building a syntax tree, which takes
forty milliseconds for a large file. The text of a definition is the one that `inspect.getsource` returns, on every
version of Python: a test compares them.
"""

import functools
import hashlib
import re
import sys
from collections.abc import Mapping
from pathlib import Path

_CHARACTERS = 16


def differing(sources: Mapping[str, str]) -> list[str]:
    """Return those names (`module:qualified.name`) whose installed source has another digest, or is missing."""
    return [name for name, digest in sources.items() if digest_of(name) != digest]


def digest_of(name: str) -> str | None:
    """Return the digest of the definition `module:qualified.name`; None where there is none."""
    module, _, path = name.partition(":")
    text = _text(module)
    found = _definition(text, path) if text is not None else None
    return None if found is None else hashlib.sha256(found.encode()).hexdigest()[:_CHARACTERS]


def forget() -> None:
    """Let go of the files that were read."""
    _text.cache_clear()


@functools.cache
def _text(module: str) -> str | None:
    parts = Path(*module.split("."))
    for entry in sys.path:
        for candidate in (parts.with_suffix(".py"), parts / "__init__.py"):
            file = Path(entry, candidate)
            if file.is_file():
                return file.read_text(encoding="utf-8")
    return None


def _definition(text: str, path: str) -> str | None:
    """Return the lines of the definition at *path* in *text*, with its decorators."""
    found: str | None = text
    for depth, name in enumerate(path.split(".")):
        found = _block(found, name, " " * 4 * depth) if found is not None else None
    return found


def _block(text: str, name: str, indent: str) -> str | None:
    head = re.search(rf"^{indent}(?:async def|def|class) {re.escape(name)}\b", text, re.MULTILINE)
    if head is None:
        return None
    lines = text[head.start() :].splitlines(keepends=True)
    end = next((n for n, line in enumerate(lines) if n and _is_outside(line, len(indent))), len(lines))
    body = lines[:end]
    while body and (not body[-1].strip() or (_depth(body[-1]) <= len(indent) and body[-1].lstrip().startswith("#"))):
        body.pop()
    return "".join([*_decorators(text[: head.start()], indent), *body])


def _is_outside(line: str, depth: int) -> bool:
    """Return whether *line* begins something else; a closing bracket ends a signature of several lines."""
    return bool(line.strip()) and _depth(line) <= depth and line.lstrip()[0] not in "#)]}"


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _decorators(before: str, indent: str) -> list[str]:
    """Return the lines at the end of *before* that decorate what follows."""
    lines = before.splitlines(keepends=True)
    start = len(lines)
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number]
        if line.startswith(f"{indent}@"):
            start = number
        elif not line.strip() or _is_outside(line, len(indent)):
            break
    return lines[start:]
