"""The stack under Docker Compose: brought up, scaled, looked at and taken down, as the embedded one is."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.config.settings import Settings
from airfleet.stack import preflight, roles
from airfleet.stack.docker import compose
from airfleet.stack.mailbox import Mail
from airfleet.stack.protocol import Capability, InstanceState, Say
from airfleet.stack.roles import FLOWER, WEBSERVER, WORKER, Addresses

_HEALTH_TIMEOUT_S = 300.0
_POLL_S = 1.0
# The image, the layers it is built from, and room for the databases.
_NEEDED_BYTES = 3 << 30
_PUBLISHED = ("webserver_port", "flower_port", "postgres_port")


@dataclass(frozen=True)
class ContainerState(InstanceState):
    """One container as `status` shows it; *celery_name* is how Flower and the logs call a worker."""

    container: str = ""
    hostname: str = ""
    celery_name: str | None = None

    @property
    def reports_as(self) -> str:
        """A container's host name: a role in it knows no other."""
        return self.hostname


class DockerStack:
    """All containers of one checkout."""

    engine = "docker"
    lacks: Mapping[Capability, str] = {
        Capability.ROTATE: "docs/compose.md, section 'New secrets', says how to do it by hand.",
        Capability.UPGRADE_CHECK: (
            "Restore a backup into a clone of the new version, with --engine embedded, and start that."
        ),
    }
    publishes_warehouse = True

    def __init__(self, settings: Settings, paths: Paths) -> None:
        self.settings = settings
        self.paths = paths
        self.compose = compose.Compose(paths)

    @property
    def addresses(self) -> Addresses:
        """Where the containers find each other."""
        return Addresses(("postgres", 5432), ("redis", 6379), ("airflow-webserver", 8080), ("mail", 1025))

    def is_running(self) -> bool:
        """Return whether any container of this checkout runs."""
        return any(found["State"] == "running" for found in self.compose.containers())

    def counts(self) -> dict[str, int]:
        """Return how many of each scalable role run now; .env's numbers when nothing runs."""
        services = [found["Service"] for found in self.compose.containers() if found["State"] == "running"]
        if not services:
            return roles.counts(self.settings)
        return {role.name: services.count(role.name) for role in roles.SCALABLE}

    def up(self, counts: dict[str, int], say: Say) -> None:
        """Build the image, start what does not run, with *counts* of the scalable roles; return when it is healthy.

        Raises AirfleetError naming what did not start, or why init refused.
        """
        compose.require()
        self._preflight()
        say("building the image")
        self.compose.run("build", "--quiet")
        say("containers")
        try:
            self.compose.run("up", "--detach", *_scale(counts))
        except AirfleetError as error:
            raise AirfleetError(*error.problems, *self._init_said()) from None
        self.wait_until_healthy(say)

    def start_servers(self, say: Say) -> None:
        """Start Postgres and Redis alone, with every database and role made."""
        compose.require()
        self._preflight()
        say("building the image")
        self.compose.run("build", "--quiet")
        say("Postgres and Redis")
        self.compose.run("run", "--rm", "--no-TTY", "airflow-init")

    def has_data(self) -> bool:
        """Return whether there are databases, running or not."""
        project = json.loads(self.compose.run("config", "--format", "json"))["name"]
        return compose.volume_exists(project, "postgres-data")

    def postgres_program(self, name: str) -> tuple[list[str], dict[str, str]]:
        """Return how to run one of Postgres' programs as its superuser: the command, and variables it needs."""
        inside = ["postgres", name, "--host", "127.0.0.1", "--username", "postgres"]
        command = self.compose.command("exec", "--no-TTY", "--env", "PGPASSWORD", *inside)
        return command, {"PGPASSWORD": self.settings.postgres_password.get_secret_value()}

    def watch(self, say: Say, note: Say) -> None:
        """Lay docker-compose.monitoring.yml over the stack, which changes none of its services.

        Raises AirfleetError when that cannot be started; the stack runs on without it.
        """
        if not self.settings.monitoring:
            return
        say("Prometheus, Alertmanager and Grafana")
        compose.Compose(self.paths, monitoring=True).run("up", "--detach", *_scale(self.counts()))

    def watched_by(self) -> set[str]:
        """Return the services that watch the stack and run."""
        running = {c["Service"] for c in self.compose.containers() if c["State"] == "running"}
        return running & {"prometheus", "alertmanager", "grafana"}

    def scale(self, counts: dict[str, int], say: Say) -> None:
        """Bring the scalable roles to *counts*: new ones are started, surplus ones finish their tasks first."""
        say(", ".join(f"{name}: {count}" for name, count in counts.items()))
        self.compose.run("up", "--detach", "--no-recreate", "--no-deps", *_scale(counts), *counts)
        self.wait_until_healthy(say)

    def down(self, say: Say, timeout_s: int | None = None, *, volumes: bool = False) -> None:
        """Stop and remove the containers, workers after their running tasks (or after *timeout_s*).

        Data stays, unless *volumes* asks for its deletion.
        """
        say("stopping")
        limit = ["--timeout", str(timeout_s)] if timeout_s is not None else []
        # With every file and profile: a container of one that is not named would stay, and hold the networks.
        every = compose.Compose(self.paths, monitoring=True, profiles=("*",))
        every.run("down", *limit, *(["--volumes"] if volumes else []))

    def states(self) -> list[ContainerState]:
        """Return every container with its health and memory, and each worker's Celery name and slots."""
        # Those that make something ready have ended.
        found = [c for c in self.compose.containers() if not c["Service"].endswith("-init")]
        details = {d["Id"]: d for d in compose.inspect([c["ID"] for c in found])}
        memory = compose.memory_bytes([c["ID"] for c in found if c["State"] == "running"])
        workers = self._celery_workers() if any(c["Service"] == FLOWER.name for c in found) else {}
        states = []
        for c in found:
            state = details[c["ID"]]["State"]
            # The engine has no check of those that watch; Prometheus says what it does not reach.
            health = state.get("Health", {}).get("Status", "healthy")
            hostname = details[c["ID"]]["Config"]["Hostname"]
            worker = workers.get(hostname)
            is_worker = c["Service"].startswith(WORKER.name)
            states.append(
                ContainerState(
                    name=f"{c['Service']}-{_number(details[c['ID']])}",
                    state=state["Status"],
                    healthy=state["Status"] == "running" and health == "healthy",
                    pid=state["Pid"],
                    uptime_s=_uptime_s(state),
                    memory_bytes=memory.get(c["ID"], 0),
                    slots=worker["slots"] if worker else None,
                    running=worker["running"] if worker else None,
                    container=c["Name"],
                    hostname=hostname,
                    celery_name=f"celery@{hostname}" if is_worker else None,
                )
            )
        return sorted(states, key=lambda state: state.name)

    def logs(self, role: str | None, *, follow: bool, tail: int) -> None:
        """Print the logs of *role*, or of all, monitoring included.

        Raises AirfleetError when there is no such service.
        """
        options = [f"--tail={tail}", *(["--follow"] if follow else [])]
        compose_files = compose.Compose(self.paths, monitoring=self.settings.monitoring)
        if compose_files.pass_through("logs", *options, *([role] if role else [])) != 0:
            raise AirfleetError(f"docker compose shows no logs of {role or 'any service'}; see above.")

    def run_command(self, module: str, arguments: list[str], environment: dict[str, str]) -> int:
        """Run `python -m module ARGUMENTS` in a container like a worker's, on this terminal; return its status."""
        return self.compose.pass_through(*_run(module, *arguments, names=environment), environment=environment)

    def run_airflow(self, arguments: list[str]) -> int:
        """Run Airflow's own command line in the webserver's container, on this terminal; return its exit status."""
        return self.compose.pass_through("exec", WEBSERVER.name, "airflow", *arguments)

    def worker_name(self, hostname: str) -> str:
        """Return the container whose host name *hostname* is; a removed one keeps its id."""
        names: dict[str, str] = {c["ID"][:12]: c["Name"] for c in self.compose.containers()}
        return names.get(hostname, hostname)

    def mails(self) -> list[Mail]:
        """Return what the mail catcher took, oldest first."""
        said = self.compose.run("exec", "--no-TTY", "mail", "python", "-P", "-m", "airfleet.stack.mailbox")
        return [Mail(**found) for found in json.loads(said)]

    def run_module(self, module: str, environment: dict[str, str]) -> None:
        """Run `python -m module` in a container like a worker's, with *environment* on top; raises AirfleetError."""
        self.compose.run(*_run(module, names=environment), environment=environment)

    def wait_until_healthy(self, say: Say) -> None:
        """Return when every container passes its health check; raises AirfleetError naming those that do not."""
        # A container of a profile that is off now may lie around from earlier, and is nobody's business.
        wanted = {*self.compose.run("config", "--services").split()} - {"airflow-init"}
        deadline = time.monotonic() + _HEALTH_TIMEOUT_S
        while True:
            found = [c for c in self.compose.containers() if c["Service"] in wanted]
            waiting = [c["Name"] for c in found if c["Health"] != "healthy" and not compose.passes_its_check(c["ID"])]
            if not waiting:
                return
            say("waiting for " + ", ".join(waiting))
            if time.monotonic() > deadline:
                raise AirfleetError(
                    f"Not healthy after {_HEALTH_TIMEOUT_S:.0f} s: {', '.join(waiting)}. See docker logs {waiting[0]}."
                )
            time.sleep(_POLL_S)

    def _preflight(self) -> None:
        problems = []
        if not self.is_running():
            wanted = {key: int(getattr(self.settings, key)) for key in _PUBLISHED}
            problems += preflight.port_problems(wanted, set())
        free = compose.free_disk_bytes()
        if free is not None and free < _NEEDED_BYTES:
            problems.append(
                f"The engine's disk has {free >> 20} MiB free, and {_NEEDED_BYTES >> 20} MiB are needed."
                " `docker system df` shows what takes it; free some and run again."
            )
        if problems:
            raise AirfleetError(*problems)

    def _celery_workers(self) -> dict[str, dict[str, Any]]:
        try:
            said = self.compose.run(
                "exec", "--no-TTY", FLOWER.name, "python", "-m", "airfleet.stack.docker.celery_workers"
            )
        except AirfleetError:
            return {}
        return {worker["name"]: worker for worker in json.loads(said)}

    def _init_said(self) -> list[str]:
        said = self.compose.run("logs", "--no-log-prefix", "--tail", "5", "airflow-init").strip()
        return [f"The end of init's log:\n{said}"] if said else []


def _scale(counts: dict[str, int]) -> list[str]:
    return [part for name, count in counts.items() for part in ("--scale", f"{name}={count}")]


def _run(module: str, *arguments: str, names: Iterable[str]) -> list[str]:
    given = [part for name in names for part in ("--env", name)]
    return ["run", "--rm", "--no-deps", "--no-TTY", *given, WORKER.name, "python", "-P", "-m", module, *arguments]


def _number(details: dict[str, Any]) -> str:
    return str(details["Config"]["Labels"].get("com.docker.compose.container-number", "1"))


def _uptime_s(state: dict[str, Any]) -> int:
    if not state["Running"]:
        return 0
    # Nanoseconds are more than Python reads.
    started = datetime.fromisoformat(state["StartedAt"][:19]).replace(tzinfo=UTC)
    return int((datetime.now(UTC) - started).total_seconds())
