"""What runs to its end beside the stack's processes: init, and modules of the team's own."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping

from airfleet.embedded.instances import LOOPBACK, addresses, process_environment
from airfleet.errors import AirfleetError
from airfleet.init import MIGRATING
from airfleet.init.rotated import Rotated
from airfleet.paths import Paths
from airfleet.roles import Grant, Role, environment
from airfleet.settings import Settings

LOG_TAIL_LINES = 15
INIT = Role("airflow-init", ("python", "-P", "-m", "airfleet.init"), frozenset({Grant.METADATA, Grant.FERNET}))


def run_module(paths: Paths, module: str, variables: Mapping[str, str]) -> None:
    """Run `python -m module` with *variables*; raises AirfleetError with the end of its output."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", module],
        env={**process_environment(paths), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise AirfleetError(f"python -m {module} failed:\n{last_lines(done.stdout + done.stderr, LOG_TAIL_LINES)}")


def run_command(paths: Paths, module: str, arguments: list[str], variables: Mapping[str, str]) -> int:
    """Run `python -m module ARGUMENTS` on this terminal, and return its exit status."""
    command = [sys.executable, "-P", "-m", module, *arguments]
    return subprocess.run(command, env={**process_environment(paths), **variables}, check=False).returncode


def init(
    settings: Settings, paths: Paths, say: Callable[[str], None], migrating: Callable[[], None], rotated: Rotated
) -> None:
    """Run init to its end; *migrating* is called when it has made and checked all but Airflow's tables."""
    say("databases, roles and secrets")
    variables = process_environment(paths) | environment(INIT, settings, addresses(settings))
    variables |= _as_environment(settings) | {"POSTGRES_HOST": LOOPBACK, "REDIS_HOST": LOOPBACK}
    variables |= rotated.variables()
    log = paths.role_logs / f"{INIT.name}.log"
    with log.open("a") as output, tempfile.TemporaryFile("w+") as problems:
        running = subprocess.Popen(
            [sys.executable, *INIT.command[1:]],
            env=variables,
            stdout=subprocess.PIPE,
            stderr=problems,
            text=True,
        )
        for line in running.stdout or ():
            output.write(line)
            if MIGRATING in line:
                migrating()
        status = running.wait()
        problems.seek(0)
        said = problems.read()
        output.write(said)
    if status != 0:
        raise AirfleetError(f"init failed: {last_lines(said, 3)}", f"Its whole log is {log}.")


def last_lines(text: str, count: int) -> str:
    """Return the last *count* lines of *text*."""
    return "\n".join(text.strip().splitlines()[-count:])


def _as_environment(settings: Settings) -> dict[str, str]:
    values = {}
    for name in settings.names():
        value = getattr(settings, name)
        plain = value.get_secret_value() if hasattr(value, "get_secret_value") else value
        values[name.upper()] = str(plain)
    return values
