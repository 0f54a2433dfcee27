"""Look for secrets in what is committed and in every line that ever was: `python -m support.secret_scan`.

What looks like one and is none stands in no_secrets.toml with its reason, by its digest: anything else in the same file
is still found.
"""

import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

ROOT = Path(__file__).resolve().parents[2]
KNOWN = Path(__file__).with_name("no_secrets.toml")
# Digests of packages, and pictures.
NOT_READ = (".lock", ".png")
_DIGITS = 8


class Finding(NamedTuple):
    """What looks like a secret: its file, its digest's first digits, and why."""

    file: str
    digest: str
    kind: str


def in_files(root: Path, names: Iterable[str]) -> set[Finding]:
    """Return what looks like a secret in the files *names* under *root*."""
    found = SecretsCollection(root=str(root))
    with default_settings():
        found.scan_files(*names)
    return {Finding(name, secret.secret_hash[:_DIGITS], secret.type) for name, secret in found}


def in_commits(root: Path) -> set[Finding]:
    """Return what looks like a secret in what the repository at *root* holds, and in each line that a commit added.

    Of a shallow clone that is the history it has.
    """
    lines = _ever_added(root)
    for name in _git(root, "ls-files", "-z").split("\0"):
        if name and (root / name).is_file() and not name.endswith(NOT_READ):
            lines[name] |= dict.fromkeys((root / name).read_text(errors="replace").splitlines())
    with tempfile.TemporaryDirectory() as folder:
        for name, texts in lines.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(texts))
        return in_files(Path(folder), lines)


class Known:
    """What looks like a secret and is none: of each file the digests, or a kind of which all are something else.

    An entry whose name ends with a slash is of all files in that folder.
    """

    def __init__(self, table: Path) -> None:
        entries = tomllib.loads(table.read_text())
        self.reasons = [entry.get("reason", "") for entry in entries.values()]
        # The history knows a file that was moved by its earlier names as well.
        self._entries = {name: entry for now, entry in entries.items() for name in (now, *entry.get("was", ()))}

    def explains(self, found: Finding) -> bool:
        """Return whether *found* is one of them."""
        folder = found.file.rpartition("/")[0]
        entry = self._entries.get(found.file) or self._entries.get(f"{folder}/", {})
        return found.digest in entry.get("digests", ()) or found.kind == entry.get("kind")


def _ever_added(root: Path) -> defaultdict[str, dict[str, None]]:
    """Return the lines that commits added, by file, each once."""
    options = (
        "-U0",
        "--no-renames",
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
        "--format=",
        "--diff-merges=separate",
    )
    lines: defaultdict[str, dict[str, None]] = defaultdict(dict)
    file = None
    for line in _git(root, "-c", "core.quotePath=false", "log", "-p", *options).splitlines():
        if line.startswith("+++ "):
            name = line.removeprefix("+++ b/").rstrip("\t")
            file = name if line.startswith("+++ b/") and not name.endswith(NOT_READ) else None
        elif line.startswith("+") and file:
            lines[file][line[1:]] = None
    return lines


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=True)
    return done.stdout.decode(errors="replace")


def main() -> int:
    """Print what is found and not known, and return 1 when there is any."""
    known = Known(KNOWN)
    found = sorted(each for each in in_commits(ROOT) if not known.explains(each))
    for each in found:
        print(f"{each.file}: looks like a secret ({each.kind}, digest {each.digest}).", file=sys.stderr)
    if found:
        print(
            "A secret that was committed is known: make a new one wherever it is used, and take this one out of the"
            f" history. What is none goes into {KNOWN.relative_to(ROOT)} with its reason.",
            file=sys.stderr,
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
