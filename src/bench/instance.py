"""A stack of the bench: the product's code with its own folder, ports, databases and Dags."""

import contextlib
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

import psutil

from airfleet.config import env_file, settings
from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.runtime import mail_connection
from airfleet.stack.embedded import one_shot
from airfleet.stack.embedded.health import Health
from airfleet.stack.embedded.instances import AHEAD, LOG_SERVER
from airfleet.stack.embedded.instances import Instance as RoleInstance
from airfleet.stack.embedded.monitoring_servers import MonitoringServer
from airfleet.stack.embedded.process_manager import processes
from airfleet.stack.embedded.stack import EmbeddedStack
from airfleet.stack.preflight import MONITORING_PORT_KEYS, PORT_KEYS, free_ports
from airfleet.stack.protocol import Say
from airfleet.stack.roles import FLOWER, MAIL_CATCHER, TRIGGERER, WEBSERVER, WORKER

OURS, STOCK = "airfleet", "stock"
SLOTS = 8
_SKIP = " --skip-serve-logs"
# Both deployments have the same number of slots.
PLAIN: Mapping[str, str] = {"WORKERS": "1", "WORKER_CONCURRENCY": str(SLOTS), "SCHEDULERS": "1"}
_SERVERS = ("postgres", "redis")
EXTRA_ROLES = (FLOWER.name, MAIL_CATCHER.name)
_HEALTHY_S = 600
_PORTS = (*PORT_KEYS, *MONITORING_PORT_KEYS, "scheduler_health_port")


@dataclass(frozen=True)
class Instance:
    """One profile's stack; *official* holds stock.toml, and is empty for this deployment's own profile."""

    profile: str
    stack: EmbeddedStack
    official: dict[str, Any]

    @property
    def dags(self) -> Path:
        """The folder of its Dags."""
        return self.stack.paths.dags

    def up(self, say: Say) -> None:
        """Start it; return when all of it is healthy."""
        self.stack.up(self.stack.counts(), say)

    def down(self) -> None:
        """Kill its roles, stop its servers, and delete all that it wrote."""
        if self.stack.is_running():
            # None of their work is kept, so they get no time to finish it.
            for role in (state.name for state in self.stack.manager.states() if state.name not in _SERVERS):
                self.stack.manager.stop(role, wait=False)
                self.stack.manager.kill(role)
        self.stack.down(lambda _: None, timeout_s=5, volumes=True)
        shutil.rmtree(self.stack.paths.root)

    def freeze(self) -> None:
        """Halt every process of it, so that another instance has the machine for itself."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Resume the processes."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def processes(self) -> list[psutil.Process]:
        """Return every process under its process manager."""
        found = []
        for state in self.stack.manager.states():
            if state.pid:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process = psutil.Process(state.pid)
                    found += [process, *process.children(recursive=True)]
        return found


class UnmonitoredStack(EmbeddedStack):
    """This deployment without monitoring, whose cost is measured separately; metrics are still sent."""

    def _monitoring_servers(self) -> list[MonitoringServer]:
        return []


class OfficialStack(EmbeddedStack):
    """The same processes, started in the order of the official compose file and with its steps."""

    def __init__(self, given: settings.Settings, paths: Paths, start_up: dict[str, Any]) -> None:
        super().__init__(given, paths)
        self._start_up = start_up

    def _begin(self, init: one_shot.Init) -> None:
        """Wait: there init starts after Postgres."""

    def _finish(self, init: one_shot.Init, say: Say, migrating: Callable[[], None]) -> None:
        super()._finish(init, say, lambda: None)
        role = next(i for i in self._instances(self.counts()) if i.role is WEBSERVER)
        for command in self._start_up["commands"]:
            subprocess.run(command, env=role.environment, check=True, capture_output=True)

    def _start(self, missing: Sequence[RoleInstance | MonitoringServer]) -> None:
        missing = _official(missing)
        workers = [each for each in missing if each.name.startswith(WORKER.name)]
        super()._start([each for each in missing if each not in workers])
        webserver = next(i for i in self._instances(self.counts()) if i.role.name == self._start_up["worker_waits_for"])
        deadline = time.monotonic() + _HEALTHY_S
        while True:
            time.sleep(self._start_up["asked_every_s"])
            if Health(self.settings).is_healthy(webserver):
                break
            if time.monotonic() > deadline:
                log = self.paths.role_logs / f"{webserver.name}.log"
                raise AirfleetError(f"{webserver.name} is not healthy after {_HEALTHY_S} s.", f"Its log: {log}")
        super()._start(workers)

    def _wait_until_healthy(self, wanted: Sequence[RoleInstance | MonitoringServer], say: Say) -> None:
        super()._wait_until_healthy(_official(wanted), say)

    def _instances(self, counts: dict[str, int]) -> list[RoleInstance]:
        """Let the first worker and the triggerer serve their own logs, as under the official file each does in its
        container.

        Further workers serve none, as all would need the same port.
        """
        ports = {
            f"{WORKER.name}-1": {"AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(self.settings.log_server_port)},
            TRIGGERER.name: {"AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(self.settings.triggerer_log_port)},
        }
        return [
            replace(
                each,
                command=(each.command.replace(_SKIP, "") if each.name in ports else each.command).replace(
                    AHEAD, "airflow"
                ),
                environment=each.environment | ports.get(each.name, {}) | _mail(each.environment),
            )
            for each in super()._instances(counts)
            if each.role is not LOG_SERVER
        ]


def _mail(given: Mapping[str, str]) -> dict[str, str]:
    """Return the connection that this deployment's own settings file makes of the same variables."""
    return (
        {mail_connection.VARIABLE: mail_connection.smtp_connection(given)}
        if "MAIL_CATCHER_ADDRESS" in given and "SMTP_HOST" in given
        else {}
    )


def _official(given: Sequence[RoleInstance | MonitoringServer]) -> list[RoleInstance | MonitoringServer]:
    """Return those of this deployment's processes that the official compose file starts by default."""
    return [each for each in given if each.name not in EXTRA_ROLES]


@contextlib.contextmanager
def instances(
    at: Paths, *profiles: str, size: Mapping[str, str] = PLAIN, needed: Collection[str] = ()
) -> Iterator[list[Instance]]:
    """Lay out an instance of each of *profiles* beside the checkout *at*; stop and delete all at the end.

    *size* holds what is set in each .env beyond addresses and secrets, *needed* the plugins of this deployment that
    stock needs as well.
    """
    # A time limit around the bench must not leave its stacks behind.
    signal.signal(signal.SIGTERM, _leave)
    ports = free_ports(len(_PORTS) * len(profiles))
    made: list[Instance] = []
    try:
        for number, profile in enumerate(profiles):
            own = ports[number * len(_PORTS) :][: len(_PORTS)]
            made.append(_make(profile, at, at.state / "bench" / profile, own, size=size, needed=needed))
        yield made
    finally:
        with ThreadPoolExecutor() as threads:
            list(threads.map(_take_away, made))


def _take_away(one: Instance) -> None:
    if one.stack.is_running():
        one.thaw()
    one.down()


def _leave(number: int, _: object) -> None:
    # On a second signal it is still stopping them.
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def _make(
    profile: str,
    at: Paths,
    folder: Path,
    ports: list[int],
    *,
    size: Mapping[str, str] = PLAIN,
    needed: Collection[str] = (),
) -> Instance:
    """Lay out *folder* like a checkout, with links to the code of the one *at*, and return its stack."""
    official: dict[str, Any] = {}
    paths = Paths(folder)
    if folder.exists():
        _clear(paths)
    for made in (paths.dags, paths.airflow_cfg.parent, paths.data):
        made.mkdir(parents=True)
    plugins = paths.airflow_home / "plugins"
    if profile == OURS:
        (folder / "src").symlink_to(at.root / "src")
        _link(at.airflow_cfg.parent, paths.airflow_cfg.parent)
        _link(at.airflow_home / "plugins", plugins)
        _link(at.dags, paths.dags)
    else:
        # A team's own Dags and plugins belong together, whatever runs them.
        _link(at.airflow_home / "plugins", plugins, but=_own(at.airflow_home / "plugins") - set(needed))
        _link(at.dags, paths.dags, but=_own(at.dags))
        # Packages only: sitecustomize.py beside them would change Airflow as it is imported.
        (folder / "src").mkdir()
        for package in (at.root / "src").glob("*/"):
            (folder / "src" / package.name).symlink_to(package)
        official = tomllib.loads(resources.files("bench").joinpath("stock.toml").read_text())
        paths.airflow_cfg.write_text(_as_cfg(official["settings"]))
    for dag in resources.files("bench").joinpath("dags").iterdir():
        if dag.name.endswith(".py"):
            (paths.dags / dag.name).write_text(dag.read_text())
    env_file.fill(paths.env_file, at.env_example)
    values = {key.upper(): str(port) for key, port in zip(_PORTS, ports, strict=True)}
    values["MONITORING"] = "on" if profile == OURS else "off"
    env_file.change(paths.env_file, values | dict(size))
    given = settings.load(paths.env_file)
    stack = OfficialStack(given, paths, official["start_up"]) if official else UnmonitoredStack(given, paths)
    return Instance(profile, stack, official)


def _own(folder: Path) -> set[str]:
    """Return the names of what in *folder* belongs to this deployment."""
    return {path.name for path in folder.glob("airfleet_*")}


def _link(source: Path, target: Path, but: Collection[str] = ()) -> None:
    """Link the files of *source* into *target*, except those in *but*."""
    target.mkdir(exist_ok=True)
    for part in source.iterdir():
        if part.is_file() and part.name not in but:
            (target / part.name).symlink_to(part)


def _clear(paths: Paths) -> None:
    """Stop and delete what an interrupted bench left behind."""
    left = processes(paths)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=10)
    shutil.rmtree(paths.root)
    if paths.servers.exists():
        shutil.rmtree(paths.servers)


def _as_cfg(sections: dict[str, dict[str, str]]) -> str:
    return "\n".join(
        f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in options.items())
        for section, options in sections.items()
    )
