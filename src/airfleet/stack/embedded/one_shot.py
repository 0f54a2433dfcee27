"""One-shot processes: init, and modules of the team."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping

from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.config.settings import Settings
from airfleet.stack.embedded import gate
from airfleet.stack.embedded.instances import LOOPBACK, addresses, process_environment
from airfleet.stack.init import MIGRATING
from airfleet.stack.init.rotated import Rotated
from airfleet.stack.roles import Grant, Role, environment

LOG_TAIL_LINES = 15
INIT = Role(
    name="airflow-init",
    command=("python", "-P", "-m", "airfleet.stack.init"),
    probe=None,
    grants=frozenset({Grant.METADATA, Grant.FERNET}),
)


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


class Init:
    """init in its own process; use as a context manager, which ends it on an early exit."""

    def __init__(self, settings: Settings, paths: Paths, rotated: Rotated) -> None:
        self._variables = process_environment(paths) | environment(INIT, settings, addresses(settings))
        self._variables |= settings.written() | {"POSTGRES_HOST": LOOPBACK, "REDIS_HOST": LOOPBACK}
        self._variables |= rotated.variables()
        self._folder = paths.working_folder
        self._log = paths.role_logs / f"{INIT.name}.log"
        self._problems = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed on leaving
        self._running: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Init":
        return self

    def __exit__(self, *_: object) -> None:
        if self._running:
            self._running.kill()
            self._running.communicate()
        self._problems.close()

    def begin(self) -> subprocess.Popen[str]:
        """Start it unless it runs already; it waits for the servers."""
        if not self._running:
            with gate.close(self._folder) as closed:
                self._running = subprocess.Popen(
                    [sys.executable, *INIT.command[1:]],
                    env=self._variables,
                    stdout=subprocess.PIPE,
                    stderr=self._problems,
                    text=True,
                    # Roles that wait for it continue when it has ended, and when it was killed.
                    pass_fds=[closed.fileno()],
                )
        return self._running

    def finish(self, migrating: Callable[[], None]) -> None:
        """Return when it has ended; *migrating* is called when only Airflow's tables remain to be made.

        Raises AirfleetError with its error output.
        """
        running = self.begin()
        with self._log.open("a") as output:
            for line in running.stdout or ():
                output.write(line)
                if MIGRATING in line:
                    migrating()
            status = running.wait()
            self._problems.seek(0)
            said = self._problems.read()
            output.write(said)
        if status != 0:
            raise AirfleetError(f"init failed: {last_lines(said, 3)}", f"Its whole log is {self._log}.")


def last_lines(text: str, count: int) -> str:
    """Return the last *count* lines of *text*."""
    return "\n".join(text.strip().splitlines()[-count:])
