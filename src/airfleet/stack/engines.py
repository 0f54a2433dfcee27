"""The two ways to run one stack, and which of them a checkout uses."""

from collections.abc import Sequence
from typing import Protocol

from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.config.settings import Settings
from airfleet.stack.docker import compose
from airfleet.stack.docker.stack import DockerStack
from airfleet.stack.embedded.stack import EmbeddedStack, Say
from airfleet.stack.embedded.states import InstanceState
from airfleet.stack.mailbox import Mail
from airfleet.stack.roles import Addresses

DOCKER, EMBEDDED = "docker", "embedded"


class Stack(Protocol):
    """What both engines can do with the roles of one checkout."""

    settings: Settings
    paths: Paths

    @property
    def addresses(self) -> Addresses:
        """Where a role finds the servers."""

    def watch(self, say: Say) -> None:
        """Bring up what watches the stack where it does not run yet; raises AirfleetError when it cannot."""

    def watched_by(self) -> set[str]:
        """Return the names of what watches the stack and runs: prometheus, alertmanager, grafana, ..."""

    def is_running(self) -> bool:
        """Return whether anything of the stack runs."""

    def counts(self) -> dict[str, int]:
        """Return the number of each scalable role."""

    def up(self, counts: dict[str, int], say: Say) -> None:
        """Start what does not run; return when all of it is healthy."""

    def start_servers(self, say: Say) -> None:
        """Start Postgres and Redis alone, with every database and role made."""

    def has_data(self) -> bool:
        """Return whether there are databases, running or not."""

    def postgres_program(self, name: str) -> tuple[list[str], dict[str, str]]:
        """Return how to run one of Postgres' programs as its superuser: the command, and variables it needs."""

    def scale(self, counts: dict[str, int], say: Say) -> None:
        """Bring the scalable roles to *counts*."""

    def down(self, say: Say, timeout_s: int | None = None, *, volumes: bool = False) -> None:
        """Stop everything; with *volumes* delete the databases, the broker's file and the caught mail."""

    def states(self) -> Sequence[InstanceState]:
        """Return every process or container."""

    def logs(self, role: str | None, *, follow: bool, tail: int) -> None:
        """Print the logs of *role*, or of all."""

    def run_module(self, module: str, environment: dict[str, str]) -> None:
        """Run `python -m module` where the servers are reachable; raises AirfleetError with the end of its output."""

    def run_command(self, module: str, arguments: list[str], environment: dict[str, str]) -> int:
        """Run `python -m module ARGUMENTS` there on this terminal, and return its exit status."""

    def run_airflow(self, arguments: list[str]) -> int:
        """Run Airflow's own command line on this terminal with what the webserver may reach; return its exit status."""

    def worker_name(self, hostname: str) -> str:
        """Return the worker that a task knows as *hostname*."""

    def mails(self) -> list[Mail]:
        """Return what the mail catcher took, oldest first."""


def choose(settings: Settings, paths: Paths, asked: str | None = None) -> Stack:
    """Return the stack of this checkout.

    The engine is chosen at the first call, Docker where one answers, and recorded; *asked* overrides it. Raises
    AirfleetError rather than leave one engine's stack running beside the other's.
    """
    record = paths.state / "engine"
    recorded = record.read_text().strip() if record.exists() else None
    name = asked or recorded or (DOCKER if compose.answers() else EMBEDDED)
    if recorded and name != recorded and _make(recorded, settings, paths).is_running():
        raise AirfleetError(
            f"This checkout's stack runs under the engine {recorded!r}. Stop it with ./airfleet down first;"
            f" each engine has its own data."
        )
    if name != recorded:
        record.parent.mkdir(exist_ok=True)
        record.write_text(f"{name}\n")
    return _make(name, settings, paths)


def _make(name: str, settings: Settings, paths: Paths) -> Stack:
    if name == DOCKER:
        return DockerStack(settings, paths)
    if name == EMBEDDED:
        return EmbeddedStack(settings, paths)
    raise AirfleetError(f"There is no engine {name!r}; there are {DOCKER} and {EMBEDDED}.")
