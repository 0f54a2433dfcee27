"""The embedded stack: start, scale, inspect and stop."""

import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import psutil

from airfleet.celery_client import CeleryClient
from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.config.settings import Settings
from airfleet.observe.servers import build, on_path
from airfleet.observe.servers.go import GoMissingError
from airfleet.stack import mailbox, preflight, roles
from airfleet.stack.embedded import monitoring_servers, one_shot, role_logs, servers, states
from airfleet.stack.embedded.health import Health
from airfleet.stack.embedded.instances import LOOPBACK, Instance, addresses, broker_url, instances, worker_name
from airfleet.stack.embedded.monitoring_servers import MonitoringServer
from airfleet.stack.embedded.process_manager import ProcessManager, Program, kill_tree, processes
from airfleet.stack.init.rotated import NOTHING_ROTATED, Rotated
from airfleet.stack.protocol import Capability, InstanceState, Say
from airfleet.stack.roles import SCHEDULER, WEBSERVER, WORKER, Addresses, Grant, Role

# A busy laptop takes minutes for what otherwise takes half a minute.
_HEALTH_TIMEOUT_S = 300.0
_POLL_S = 0.25
_STOP_S = 60


class EmbeddedStack:
    """All processes of one checkout."""

    engine = "embedded"
    lacks: Mapping[Capability, str] = {}
    publishes_warehouse = False

    def __init__(self, settings: Settings, paths: Paths) -> None:
        self.settings = settings
        self.paths = paths
        self.manager = ProcessManager(paths)

    @property
    def addresses(self) -> Addresses:
        """The servers' addresses for every process."""
        return addresses(self.settings)

    def is_running(self) -> bool:
        """Return whether the process manager runs."""
        return self.manager.is_running()

    def counts(self) -> dict[str, int]:
        """Return how many of each scalable role are configured now; .env's numbers when nothing runs."""
        if not self.is_running():
            return roles.counts(self.settings)
        names = [state.name for state in self.manager.states()]
        return {role.name: _count(names, role) for role in roles.SCALABLE}

    def up(self, counts: dict[str, int], say: Say, rotated: Rotated = NOTHING_ROTATED) -> None:
        """Start what does not run, with *counts* of the scalable roles; return when all of it is healthy.

        Running processes with the current configuration are left alone; paused workers take tasks again. *rotated*
        secrets are applied to the servers. Raises AirfleetError naming what did not start.
        """
        with one_shot.Init(self.settings, self.paths, rotated) as init:
            changed = self._start_servers(counts, say, init)
            # Monitoring comes first, so that it sees the first metrics of the roles.
            wanted: list[Instance | MonitoringServer] = [
                *self._monitoring_servers(),
                *self._instances(counts),
            ]
            states = {state.name: state.state for state in self.manager.states()}
            missing = [each for each in wanted if states.get(each.name) != "RUNNING"]
            if missing or changed or rotated.keys:
                # A worker's start and a webserver's imports take as long as the first migration, and do not need it.
                early = [i for i in missing if isinstance(i, MonitoringServer) or _starts_early(i.role)]
                try:
                    self._finish(init, say, lambda: self._start(early))
                except AirfleetError:
                    # Without tables these roles would fail repeatedly.
                    self.stop([each.name for each in early], say)
                    raise
        self._start(missing)
        with self.workers() as workers:
            workers.resume(self.settings.worker_queues.split(","))
        self._wait_until_healthy(wanted, say)

    def workers(self) -> CeleryClient:
        """Return a client that queries and controls the workers; use as a context manager."""
        return CeleryClient(broker_url(self.settings))

    def stop(self, names: Iterable[str], say: Say) -> None:
        """Stop these processes and return when they have ended, workers after their running tasks."""
        grace = {i.name: i.stop_seconds for i in self._instances(self.counts())}
        self._stop([(name, grace.get(name, _STOP_S)) for name in names], say)

    def running(self) -> set[str]:
        """Return the names of the processes that run."""
        return {state.name for state in self.manager.states() if state.pid}

    def given(self, settings: Settings) -> Mapping[str, object]:
        """Return, by process, the variables that it would get from *settings*."""
        return {
            "redis": servers.redis_acl(settings),
            **{i.name: i.environment for i in instances(settings, self.paths, self.counts())},
            monitoring_servers.EXPORTER: monitoring_servers.exporter_variables(settings, self.paths),
            monitoring_servers.ALERTMANAGER: monitoring_servers.alertmanager_variables(settings),
            monitoring_servers.GRAFANA: monitoring_servers.grafana_variables(settings, self.paths),
        }

    def start_servers(self, say: Say) -> None:
        """Start Postgres and Redis alone, with every database and role made."""
        with one_shot.Init(self.settings, self.paths, NOTHING_ROTATED) as init:
            self._start_servers(self.counts(), say, init)
            self._finish(init, say, lambda: None)

    def has_data(self) -> bool:
        """Return whether there are databases, running or not."""
        return servers.postgres_data(self.paths).exists()

    def postgres_program(self, name: str) -> tuple[list[str], dict[str, str]]:
        """Return how to run one of Postgres' programs as its superuser: the command, and variables it needs."""
        login = ["--host", LOOPBACK, "--port", str(self.settings.postgres_port), "--username", "postgres"]
        password = self.settings.postgres_password.get_secret_value()
        return [str(servers.postgres_binaries(self.paths) / name), *login], {"PGPASSWORD": password}

    def _start_servers(self, counts: dict[str, int], say: Say, init: one_shot.Init) -> list[str]:
        """Return the names of running processes whose configuration changed."""
        self._refuse_outside_servers()
        running = self.is_running()
        if not running:
            self._end_leftovers(say)
        own = {p.pid for p in processes(self.paths)}
        preflight.check(self.settings, [self.paths.servers, self.paths.state], own)
        self.paths.state.mkdir(exist_ok=True)
        if not self.has_data():
            self._begin(init)
        self.manager.configure(self._programs(counts))
        if running:
            changed = self.manager.apply()
        else:
            changed = []
            self.manager.start_daemon()
        user = servers.dropped_user(self.settings)
        say(f"Postgres and Redis, as the user {user} (RUN_USER in .env)" if user else "Postgres and Redis")
        for server in ("postgres", "redis"):
            self.manager.start(server)
        return changed

    def start_monitoring(self, say: Say, note: Say) -> None:
        """Build the monitoring programs that are missing, which takes minutes once, and start monitoring.

        *note* prints the programs on PATH that are used. Raises AirfleetError when a build fails; the stack then runs
        without monitoring.
        """
        if not self.settings.monitoring:
            return
        try:
            on_path.provide(build.default_cache(), progress=lambda name, line: say(f"{name}: {line}"), note=note)
        except (build.BuildError, GoMissingError) as error:
            raise AirfleetError(str(error)) from None
        self.manager.configure(self._programs(self.counts()))
        self.manager.apply()
        wanted = self._monitoring_servers()
        for each in wanted:
            self.manager.start(each.name)
        self._wait_until_healthy(wanted, say)

    def _start(self, missing: Sequence[Instance | MonitoringServer]) -> None:
        for each in missing:
            self.manager.start(each.name)

    def _instances(self, counts: dict[str, int]) -> list[Instance]:
        return instances(self.settings, self.paths, counts)

    def _monitoring_servers(self) -> list[MonitoringServer]:
        return monitoring_servers.prepare(self.settings, self.paths)

    def running_monitoring(self) -> set[str]:
        """Return the names of the monitoring servers that run."""
        return {s.name for s in self.manager.states() if s.name in monitoring_servers.NAMES and s.state == "RUNNING"}

    def _refuse_outside_servers(self) -> None:
        keys = ("metadata_url", "results_url", "warehouse_url", "broker_url")
        if named := [key.upper() for key in keys if getattr(self.settings, key).get_secret_value()]:
            raise AirfleetError(
                f"{', '.join(named)} in .env name servers outside the stack, which only the engine docker uses. Empty"
                " them, or run ./airfleet up --engine docker."
            )

    def scale(self, counts: dict[str, int], say: Say) -> None:
        """Bring the scalable roles to *counts*: new ones are started, surplus ones finish their tasks first."""
        now = self._instances(self.counts())
        wanted = self._instances(counts)
        names = {instance.name for instance in wanted}
        surplus = [instance for instance in now if instance.name not in names]
        self._stop([(i.name, i.stop_seconds) for i in surplus], say)
        self.manager.configure(self._programs(counts))
        self.manager.apply()
        self._start(wanted)
        self._wait_until_healthy(wanted, say)

    def down(self, say: Say, timeout_s: int | None = None, *, volumes: bool = False) -> None:
        """Stop everything, workers after their running tasks (or after *timeout_s*).

        Data stays, unless *volumes* asks for its deletion.
        """
        if self.is_running():
            self._stop_everything(say, timeout_s)
        else:
            self._end_leftovers(say)
        if volumes:
            servers.delete(self.paths)
            mailbox.delete(self.paths.mail)
            shutil.rmtree(self.paths.monitoring, ignore_errors=True)

    def _stop_everything(self, say: Say, timeout_s: int | None) -> None:
        grace = {i.name: i.stop_seconds for i in self._instances(self.counts())}
        known = [s.name for s in self.manager.states() if s.pid]
        # First the roles that hand out work, then the workers, then the roles that workers report to.
        rounds = [
            [n for n in known if n.startswith((SCHEDULER.name, "flower"))],
            [n for n in known if n.startswith(WORKER.name)],
            [n for n in known if n in grace and not n.startswith((SCHEDULER.name, WORKER.name, "flower"))],
            [*(n for n in known if n in monitoring_servers.NAMES), "redis", "postgres"],
        ]
        for names in rounds:
            self._stop([(n, timeout_s or grace.get(n, _STOP_S)) for n in names], say)
        self.manager.shutdown()

    def states(self) -> list[InstanceState]:
        """Return every process with its health, memory and slots."""
        if not self.is_running():
            return []
        return states.look(self.manager.states(), self._instances(self.counts()), self.settings)

    def logs(self, role: str | None, *, follow: bool, tail: int) -> None:
        """Print the last *tail* lines of each log of *role*, or of all, and with *follow* every new line."""
        role_logs.show(self.paths.role_logs, role, follow=follow, tail=tail)

    def run_module(self, module: str, environment: dict[str, str]) -> None:
        """Run `python -m module` with *environment*; raises AirfleetError with the end of its output."""
        one_shot.run_module(self.paths, module, environment)

    def run_command(self, module: str, arguments: list[str], environment: dict[str, str]) -> int:
        """Run `python -m module ARGUMENTS` on this terminal, and return its exit status."""
        return one_shot.run_command(self.paths, module, arguments, environment)

    def run_airflow(self, arguments: list[str]) -> int:
        """Run Airflow's own command line on this terminal with what the webserver may reach; return its exit status."""
        (webserver,) = (i for i in self._instances({}) if i.role is WEBSERVER)
        return one_shot.run_command(self.paths, "airflow", arguments, webserver.environment)

    def worker_name(self, hostname: str) -> str:
        """Return the worker whose loopback address *hostname* is."""
        return worker_name(hostname)

    def mails(self) -> list[mailbox.Mail]:
        """Return what the mail catcher took, oldest first."""
        return mailbox.read(self.paths.mail)

    def _programs(self, counts: dict[str, int]) -> list[Program]:
        programs = [
            Program(s.name, s.command, s.environment, s.stop_signal, user=s.user)
            for s in servers.prepare(self.settings, self.paths)
        ]
        for i in self._instances(counts):
            programs.append(Program(i.name, i.command, i.environment, stop_seconds=i.stop_seconds))
        programs += [Program(w.name, w.command, w.environment) for w in self._monitoring_servers()]
        return programs

    def _begin(self, init: one_shot.Init) -> None:
        """Let init import Airflow while the databases are created."""
        init.begin()

    def _finish(self, init: one_shot.Init, say: Say, migrating: Callable[[], None]) -> None:
        say("databases, roles and secrets")
        init.finish(migrating)

    def _wait_until_healthy(self, wanted: Sequence[Instance | MonitoringServer], say: Say) -> None:
        deadline = time.monotonic() + _HEALTH_TIMEOUT_S
        waiting = list(wanted)
        while waiting:
            health = Health(self.settings)
            waiting = [each for each in waiting if not self._is_healthy(each, health)]
            if not waiting:
                return
            say("waiting for " + ", ".join(i.name for i in waiting))
            if time.monotonic() > deadline:
                raise AirfleetError(*(self._why_not(i.name) for i in waiting))
            time.sleep(_POLL_S)

    def _is_healthy(self, each: Instance | MonitoringServer, health: Health) -> bool:
        return (
            monitoring_servers.is_healthy(each.name, self.settings)
            if isinstance(each, MonitoringServer)
            else health.is_healthy(each)
        )

    def _why_not(self, name: str) -> str:
        log = self.paths.role_logs / f"{name}.log"
        tail = (
            one_shot.last_lines(log.read_text(errors="replace"), one_shot.LOG_TAIL_LINES)
            if log.exists()
            else "(it wrote nothing)"
        )
        return f"{name} is not healthy after {_HEALTH_TIMEOUT_S:.0f} s. The end of {log}:\n{tail}"

    def _stop(self, names: list[tuple[str, int]], say: Say) -> None:
        for name, _ in names:
            self.manager.stop(name, wait=False)
        started = time.monotonic()
        waiting = dict(names)
        while waiting:
            running = {s.name for s in self.manager.states() if s.pid}
            waiting = {name: grace for name, grace in waiting.items() if name in running}
            for name, grace in waiting.items():
                if time.monotonic() - started > grace:
                    self.manager.kill(name)
            if waiting:
                say("waiting for " + ", ".join(waiting) + " to finish")
                time.sleep(_POLL_S)

    def _end_leftovers(self, say: Say) -> None:
        found = processes(self.paths)
        if found:
            say(f"ending {len(found)} processes that an earlier run left behind")
        for process in found:
            kill_tree(process.pid)
        psutil.wait_procs(found, timeout=10)


def _starts_early(role: Role) -> bool:
    """Return whether *role* may start before init has ended; the webserver itself waits for init (ahead.py)."""
    return role is WEBSERVER or Grant.METADATA not in role.grants


def _count(names: list[str], role: Role) -> int:
    return sum(1 for name in names if name.startswith(f"{role.name}-"))
