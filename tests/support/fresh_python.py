"""Ask a process that has imported nothing yet."""

import functools
import os
import subprocess
import sys
import tempfile
import textwrap

from airfleet.config.paths import Paths


@functools.cache
def ask(program: str, *, role: str = "", changed: bool = True, patches: str = "on", path: str = "") -> str:
    """Return what *program* prints in a fresh Python, with the project's code on its path or without it.

    *role* is the command line of the role that the process takes itself for, and *path* comes first on its path.
    """
    source = str(Paths().root / "src") if changed else ""
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{path}:{source}" if path else source}
    given["AIRFLEET_PATCHES"] = patches
    command = [sys.executable, "-P", "-W", "ignore", "-c", textwrap.dedent(program), *role.split()]
    with tempfile.TemporaryDirectory() as home:
        given["AIRFLOW_HOME"] = home
        done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines()[-1]
