"""Ask a process that has imported nothing yet."""

import functools
import os
import subprocess
import sys
import tempfile
import textwrap

from airfleet.config.paths import Paths


@functools.cache
def ask(
    program: str,
    *,
    role: str = "",
    changed: bool = True,
    patches: str = "on",
    before: str = "",
    after: str = "",
    settings: str = "",
) -> str:
    """Return what *program* prints in a fresh Python, with the project's code on its path or without it.

    *role* is the command line of the role that the process takes itself for. *before* and *after* are folders around
    the project's code on the path, and *settings* one from which Airflow takes airflow_local_settings.py.
    """
    path = [before, str(Paths().root / "src") if changed else "", after, settings]
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(filter(None, path)), "AIRFLEET_PATCHES": patches}
    command = [sys.executable, "-P", "-W", "ignore", "-c", textwrap.dedent(program), *role.split()]
    with tempfile.TemporaryDirectory() as home:
        given["AIRFLOW_HOME"] = home
        done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines()[-1]
