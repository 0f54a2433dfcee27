"""Ask a process that has imported nothing yet."""

import functools
import os
import subprocess
import sys
import tempfile
import textwrap

from airfleet.config.paths import Paths


@functools.cache
def ask(program: str, *, changed: bool = True) -> str:
    """Return what *program* prints in a fresh Python, with the project's code on its path or without it."""
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Paths().root / "src") if changed else ""}
    command = [sys.executable, "-P", "-W", "ignore", "-c", textwrap.dedent(program)]
    with tempfile.TemporaryDirectory() as home:
        given["AIRFLOW_HOME"] = home
        done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines()[-1]
