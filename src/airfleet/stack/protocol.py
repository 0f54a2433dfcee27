"""What both engines can do with one stack, and what one of them cannot do yet."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from airfleet.celery_client import CeleryClient
from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.config.settings import Settings
from airfleet.stack.init.rotated import Rotated
from airfleet.stack.mailbox import Mail
from airfleet.stack.roles import Addresses

Say = Callable[[str], None]


class Capability(Enum):
    """Something that not every engine can do; the value is the command."""

    ROTATE = "rotate"
    UPGRADE_CHECK = "upgrade --check"


@dataclass(frozen=True)
class InstanceState:
    """One process or container as `status` shows it; memory is in bytes, of it and its children."""

    name: str
    state: str
    healthy: bool
    pid: int
    uptime_s: int
    memory_bytes: int
    slots: int | None = None
    running: int | None = None

    @property
    def reports_as(self) -> str:
        """The name under which this process reports what it changed (airfleet.runtime.patches.reported)."""
        return self.name


class Stack(Protocol):
    """What both engines can do with the roles of one checkout."""

    settings: Settings
    paths: Paths
    engine: str
    # What this engine cannot do, each with the sentence that says what to do instead.
    lacks: Mapping[Capability, str]
    # Whether BIND_ADDRESS moves the warehouse's port, too; else it is on this machine only.
    publishes_warehouse: bool

    @property
    def addresses(self) -> Addresses:
        """Where a role finds the servers."""

    def watch(self, say: Say, note: Say) -> None:
        """Bring up what watches the stack where it does not run yet; raises AirfleetError when it cannot.

        *note* is told what is worth more than a line of progress.
        """

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


class RotatingStack(Stack, Protocol):
    """What a stack with Capability.ROTATE can do besides."""

    def up(self, counts: dict[str, int], say: Say, rotated: Rotated = ...) -> None:
        """Start what does not run; bring secrets that were *rotated* into the servers."""

    def stop(self, names: Iterable[str], say: Say) -> None:
        """Stop these processes and return when they have ended, workers after their running tasks."""

    def running(self) -> set[str]:
        """Return the names of the processes that run."""

    def given(self, settings: Settings) -> Mapping[str, object]:
        """Return, by process, what each would be given of *settings*: it is restarted when that changes."""

    def workers(self) -> CeleryClient:
        """Return a client that asks and orders the workers; use as a context manager."""


def require(stack: Stack, capability: Capability) -> None:
    """Raise AirfleetError, with what to do instead, when the engine of *stack* lacks *capability*."""
    if instead := stack.lacks.get(capability):
        raise AirfleetError(
            f"./airfleet {capability.value} does not work with the engine {stack.engine} yet. {instead}"
        )
