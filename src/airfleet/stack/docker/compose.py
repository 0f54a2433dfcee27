"""Finding a Docker engine and Compose, and running Compose on this checkout's files."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths

# depends_on with conditions, `up --no-recreate --scale` and nested defaults work as intended from this version on.
_NEEDED = (2, 20)
_MONITORING = "docker-compose.monitoring.yml"
_CELERY = "docker-compose.celery.yml"
_OF_DOCKER = re.compile(
    r"PATH|HOME|TERM|XDG_RUNTIME_DIR|SSH_AUTH_SOCK|(DOCKER|BUILDKIT)_.*|COMPOSE_PROJECT_NAME|AIRFLEET_ENV_FILE"
    r"|(?i:.*_proxy)"
)


def answers() -> bool:
    """Return whether an engine answers, without an error: the choice of engine depends on it."""
    return shutil.which("docker") is not None and _docker("version", "--format", "{{.Server.Version}}").returncode == 0


def require() -> None:
    """Raise AirfleetError, naming what is missing, unless an engine and a new enough Compose answer."""
    if shutil.which("docker") is None:
        raise AirfleetError(
            "There is no `docker` on PATH. Install Docker Engine with its Compose plugin, or run without Docker:"
            " ./airfleet up --engine embedded."
        )
    engine = _docker("version", "--format", "{{.Server.Version}}")
    if engine.returncode != 0:
        raise AirfleetError(
            f"No Docker engine answers: {_last_line(engine.stderr)}. Start it, and see that your user may talk to it"
            " (group docker), or run without Docker: ./airfleet up --engine embedded."
        )
    compose = _docker("compose", "version", "--short")
    if compose.returncode != 0:
        raise AirfleetError(
            "Docker has no `compose` command. Install the plugin (docker-compose-plugin on Debian and Ubuntu)"
            f" of version {_dotted(_NEEDED)} or newer and run again."
        )
    found = compose_version(compose.stdout)
    if found < _NEEDED:
        raise AirfleetError(
            f"Found Compose {_dotted(found)}, and airfleet needs {_dotted(_NEEDED)} or newer. Update the plugin"
            " docker-compose-plugin and run again."
        )


def compose_version(text: str) -> tuple[int, int]:
    """Return major and minor of the output of `docker compose version --short`; (0, 0) when it has none."""
    match = re.search(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)


class Compose:
    """Compose on the files of one checkout; *monitoring* adds the second file."""

    def __init__(self, paths: Paths, *, monitoring: bool = False, profiles: tuple[str, ...] = ()) -> None:
        files = [paths.root / _CELERY, *([paths.root / _MONITORING] if monitoring else [])]
        self._arguments = ["docker", "compose", "--project-directory", str(paths.root)]
        for file in files:
            self._arguments += ["--file", str(file)]
        for profile in profiles:
            self._arguments += ["--profile", profile]
        # The shell's own variables would override .env, so only the variables that docker itself needs are passed on.
        self._environment = {k: v for k, v in os.environ.items() if _OF_DOCKER.fullmatch(k)}

    def run(self, *arguments: str, environment: Mapping[str, str] = MappingProxyType({})) -> str:
        """Run a Compose command and return its output; raises AirfleetError with the end of its output.

        Options name the variables of *environment* without their values, because every user of the machine can read a
        command line.
        """
        given = self._environment | dict(environment)
        done = subprocess.run([*self._arguments, *arguments], env=given, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AirfleetError(f"docker compose {arguments[0]} failed: {_explain(done.stderr)}")
        return done.stdout

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of a Compose command, for a caller that streams."""
        return [*self._arguments, *arguments]

    def pass_through(self, *arguments: str, environment: Mapping[str, str] = MappingProxyType({})) -> int:
        """Run a Compose command on this terminal, with *environment* as `run` has it; return its exit status."""
        given = self._environment | dict(environment)
        return subprocess.run([*self._arguments, *arguments], env=given, check=False).returncode

    def containers(self) -> list[dict[str, Any]]:
        """Return Compose's description of each container, stopped ones included."""
        return list(_objects(self.run("ps", "--all", "--no-trunc", "--format", "json")))


def inspect(ids: list[str]) -> list[dict[str, Any]]:
    """Return the engine's description of each container."""
    if not ids:
        return []
    found: list[dict[str, Any]] = json.loads(_docker("inspect", *ids).stdout or "[]")
    return found


def passes_its_check(container: str) -> bool:
    """Run the container's own health check now: the engine first runs it a whole interval after the start."""
    kind, *test = inspect([container])[0]["Config"]["Healthcheck"]["Test"]
    command = ["sh", "-c", *test] if kind == "CMD-SHELL" else test
    return _docker("exec", "--env", "AIRFLEET_ONLY_LOOK=1", container, *command).returncode == 0


def memory_bytes(ids: list[str]) -> dict[str, int]:
    """Return the memory that each running container uses now, by its id."""
    if not ids:
        return {}
    done = _docker("stats", "--no-stream", "--no-trunc", "--format", "{{.ID}} {{.MemUsage}}", *ids)
    return {line.split()[0]: parse_bytes(line.split()[1]) for line in done.stdout.splitlines() if len(line.split()) > 1}


def parse_bytes(text: str) -> int:
    """Return docker's `61.4MiB` in bytes; 0 for other text."""
    match = re.fullmatch(r"([\d.]+)(B|KiB|MiB|GiB|TiB)", text)
    if match is None:
        return 0
    return int(float(match[1]) * 1024 ** ("B", "KiB", "MiB", "GiB", "TiB").index(match[2]))


def volume_exists(project: str, volume: str) -> bool:
    """Return whether Compose has made this volume of this project."""
    labels = {"com.docker.compose.project": project, "com.docker.compose.volume": volume}
    filters = [part for key, value in labels.items() for part in ("--filter", f"label={key}={value}")]
    return bool(_docker("volume", "ls", "--quiet", *filters).stdout.strip())


def free_disk_bytes() -> int | None:
    """Return the bytes free where the engine keeps images and volumes; None when that is on another machine."""
    root = _docker("info", "--format", "{{.DockerRootDir}}").stdout.strip()
    return shutil.disk_usage(root).free if root and Path(root).exists() else None


def _objects(text: str) -> Iterator[dict[str, Any]]:
    # One JSON object a line from Compose 2.21 on, one array before.
    for line in text.splitlines():
        found = json.loads(line) if line.strip() else []
        yield from found if isinstance(found, list) else [found]


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["docker", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _explain(stderr: str) -> str:
    said = "\n".join(stderr.strip().splitlines()[-3:])
    if "no space left on device" in stderr:
        return f"the disk is full. `docker system df` shows what takes it; free some and run again.\n{said}"
    if taken := re.search(r"(\d+): bind: address already in use|port is already allocated", stderr):
        port = taken[1] or "one of the published ports"
        return f"{port} is taken by another program. Change the port in .env and run again.\n{said}"
    if "Pool overlaps" in stderr or "overlapping IPv4" in stderr:
        return f"METRICS_SUBNET is in use on this machine. Set another in .env and run again.\n{said}"
    return said
