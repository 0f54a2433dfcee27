"""supervisord: its configuration and control."""

import os
import re
import shutil
import subprocess
import sys
import time
import xmlrpc.client  # only our own supervisord is asked # nosec B411
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psutil
from supervisor.xmlrpc import SupervisorTransport

from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths

_START_TIMEOUT_S = 20.0
_ALREADY_STARTED, _NOT_RUNNING = 60, 70
# States in which supervisord does not restart a process by itself.
_STAYS = ("STOPPED", "STOPPING", "FATAL", "UNKNOWN")
# What supervisord reads as the start of a comment, even between quotation marks.
_COMMENT = re.compile(r"\s[;#]")
_SERVER_PROGRAMS = ("postgres", "valkey-server")


@dataclass(frozen=True)
class Program:
    """One supervised process."""

    name: str
    command: str
    environment: dict[str, str]
    stop_signal: str = "TERM"
    stop_seconds: int = 60
    user: str | None = None


@dataclass(frozen=True)
class ProcessState:
    """What supervisord knows of one process: RUNNING, STOPPED, BACKOFF, ...; pid 0 when there is none."""

    name: str
    state: str
    pid: int
    uptime_s: int


class ProcessManager:
    """The supervisord of one checkout."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._config = paths.state / "supervisord.conf"

    @property
    def _rpc(self) -> Any:
        # Created for each call: a transport that failed to connect once does not recover.
        transport = SupervisorTransport(None, None, f"unix://{self._paths.control_socket}")
        # The host part is never resolved, as the transport goes through the socket.
        proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
        return cast(Any, proxy).supervisor

    def is_running(self) -> bool:
        """Return whether supervisord answers."""
        try:
            return bool(self._rpc.getState()["statename"] == "RUNNING")
        except (OSError, xmlrpc.client.Error):
            return False

    def configure(self, programs: Iterable[Program]) -> None:
        """Write the configuration; `apply` loads it into a running supervisord."""
        if "%" in str(self._paths.root) or _COMMENT.search(str(self._paths.root)):
            raise AirfleetError(
                f"{self._paths.root} has a % or a space before ; or # in its name, which the process manager takes for"
                " a variable or a comment. Move the checkout to a folder without."
            )
        for folder in (self._paths.role_logs, self._paths.working_folder):
            folder.mkdir(parents=True, exist_ok=True)
        socket_folder = self._paths.control_socket.parent
        socket_folder.mkdir(mode=0o700, exist_ok=True)
        if socket_folder.stat().st_uid != os.geteuid():
            raise AirfleetError(
                f"{socket_folder} belongs to another user. Set XDG_RUNTIME_DIR to a folder of your own."
            )
        partial = self._config.with_suffix(".partial")
        partial.touch(mode=0o600)
        partial.write_text("\n".join([self._header(), *(self._section(p) for p in programs)]))
        partial.replace(self._config)

    def start_daemon(self) -> None:
        """Start supervisord in the background, without this shell's environment, except PATH and the like."""
        kept = {k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"}}
        subprocess.run(
            [str(Path(sys.executable).with_name("supervisord")), "-c", str(self._config)],
            env=kept,
            check=True,
            cwd=self._paths.working_folder,
        )
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not self.is_running():
            if time.monotonic() > deadline:
                raise AirfleetError(f"supervisord does not answer. See {self._paths.role_logs}/supervisord.log.")
            time.sleep(0.05)

    def apply(self) -> list[str]:
        """Load the written configuration; return the names that were added, changed or removed.

        Unchanged programs continue. Changed and removed ones are stopped, and none is started.
        """
        added, changed, removed = self._rpc.reloadConfig()[0]
        for name in (*changed, *removed):
            self.stop(name, wait=True)
            self._rpc.removeProcessGroup(name)
        for name in (*added, *changed):
            self._rpc.addProcessGroup(name)
        return [*added, *changed, *removed]

    def start(self, name: str) -> None:
        """Start *name* unless it runs; returns at once."""
        try:
            self._rpc.startProcess(name, False)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != _ALREADY_STARTED:
                raise

    def stop(self, name: str, *, wait: bool) -> None:
        """Stop *name*; with *wait*, return when it has ended. A process that just ended by itself is not restarted."""
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not self._stopped(name, wait) and time.monotonic() < deadline:
            time.sleep(0.05)

    def _stopped(self, name: str, wait: bool) -> bool:
        try:
            self._rpc.stopProcess(name, wait)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != _NOT_RUNNING:
                raise
            # A process that has just ended cannot be stopped until supervisord has restarted it.
            return str(self._rpc.getProcessInfo(name)["statename"]) in _STAYS
        return True

    def kill(self, name: str) -> None:
        """Kill *name* and its child processes at once."""
        for state in self.states():
            if state.name == name and state.pid:
                kill_tree(state.pid)

    def states(self) -> list[ProcessState]:
        """Return every process."""
        return [
            ProcessState(
                name=found["name"],
                state=found["statename"],
                pid=found["pid"],
                uptime_s=max(0, found["now"] - found["start"]) if found["pid"] else 0,
            )
            for found in self._rpc.getAllProcessInfo()
        ]

    def shutdown(self) -> None:
        """Stop supervisord and its remaining processes; return when its socket is gone."""
        self._rpc.shutdown()
        deadline = time.monotonic() + _START_TIMEOUT_S
        while self.is_running() and time.monotonic() < deadline:
            time.sleep(0.05)
        shutil.rmtree(self._paths.control_socket.parent, ignore_errors=True)

    def _header(self) -> str:
        logs = _escape(str(self._paths.role_logs))
        socket = _escape(str(self._paths.control_socket))
        return f"""\
[unix_http_server]
file = {socket}
chmod = 0600
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisord]
logfile = {logs}/supervisord.log
logfile_maxbytes = 10MB
pidfile = {_escape(str(self._paths.state))}/supervisord.pid
childlogdir = {logs}
"""

    def _section(self, program: Program) -> str:
        variables = ",".join(f"{key}={_quote(value)}" for key, value in program.environment.items())
        lines = [
            f"[program:{program.name}]",
            f"command = {_escape(program.command)}",
            f"environment = {variables}",
            "autostart = false",
            # Killed processes are restarted, also when they fail repeatedly; the pause grows by a second each time.
            "autorestart = true",
            "startretries = 1000000",
            f"stopsignal = {program.stop_signal}",
            f"stopwaitsecs = {program.stop_seconds}",
            # A worker's tasks are in its process group: only its main process gets the signal, and it lets them finish.
            "stopasgroup = false",
            "killasgroup = true",
            "redirect_stderr = true",
            f"stdout_logfile = {_escape(str(self._paths.role_logs / program.name))}.log",
            "stdout_logfile_maxbytes = 20MB",
            "stdout_logfile_backups = 3",
        ]
        if program.user:
            lines.append(f"user = {program.user}")
        else:
            # Another user may have no access to the checkout.
            lines.append(f"directory = {_escape(str(self._paths.working_folder))}")
        return "\n".join(lines) + "\n"


def processes(paths: Paths) -> list[psutil.Process]:
    """Return every process of this checkout's stack, with or without a running supervisord.

    They are identified by their working directory, and the servers, which change it, by their program. A process that
    sets its own title may lose its command line and variables.
    """
    programs = (paths.servers / "bin", paths.root / ".venv")
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()) == paths.working_folder:
                found.append(process)
                continue
            program = Path(process.exe())
            if program.name in _SERVER_PROGRAMS and any(program.is_relative_to(folder) for folder in programs):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def kill_tree(pid: int) -> None:
    """Kill a process and its descendants."""
    try:
        parent = psutil.Process(pid)
        family = [*parent.children(recursive=True), parent]
    except psutil.NoSuchProcess:
        return
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def _escape(text: str) -> str:
    return text.replace("%", "%%")


def _quote(value: str) -> str:
    """Return *value* quoted for supervisord's configuration."""
    if "\n" in value or ("'" in value and '"' in value) or _COMMENT.search(value):
        raise AirfleetError(
            "A value for a role has a line break, both kinds of quotation marks, or a space before ; or #."
            " Look through what you set in .env."
        )
    mark = '"' if "'" in value else "'"
    return mark + _escape(value) + mark
