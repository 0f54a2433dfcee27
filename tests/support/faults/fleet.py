"""The stack under fault: its processes, its databases and its settings, as somebody who breaks it sees them."""

import os
import re
import signal
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psutil
from support.checkout import Checkout, wait_until
from support.faults.target import Address, Target

from airfleet.config.paths import Paths
from airfleet.config.settings import load
from airfleet.stack.embedded.stack import EmbeddedStack

SIZE = {
    "WORKERS": 2,
    "WORKER_CONCURRENCY": 4,
    "SCHEDULERS": 2,
    "FIRST_RUN": "",
    "MONITORING": "off",
    "STOP_GRACE_SECONDS": 600,
}


@dataclass
class Fleet(Target):
    """One running embedded stack, and the ways to hurt it."""

    stack: EmbeddedStack

    @classmethod
    def at(cls, checkout: Checkout) -> "Fleet":
        """Return the stack of *checkout*, with the workload's Dags and tables in place."""
        settings = load(checkout.root / ".env")
        fleet = cls(checkout, settings, EmbeddedStack(settings, Paths(checkout.root)))
        fleet.wait_until_healthy()
        fleet.prepare()
        return fleet

    def postgres(self) -> Address:
        return "127.0.0.1", self.settings.postgres_port

    def redis(self) -> Address:
        return "127.0.0.1", self.settings.redis_port

    # --- processes

    def pid(self, name: str) -> int:
        """Return the pid of the process *name*, 0 when it does not run."""
        return next(state.pid for state in self.stack.manager.states() if state.name == name)

    def names(self, prefix: str) -> list[str]:
        """Return the processes whose names begin with *prefix*."""
        return sorted(state.name for state in self.stack.manager.states() if state.name.startswith(prefix))

    def kill(self, name: str) -> float:
        """Kill -9 the process *name* and its children, and return when (Unix time); the process manager restarts it."""
        pid = self.pid(name)
        assert pid, f"{name} does not run, so that killing it would prove nothing"
        self.stack.manager.kill(name)
        return time.time()

    def kill_alone(self, pid: int, with_signal: signal.Signals = signal.SIGKILL) -> float:
        """Signal one process, without its children, and return when (Unix time)."""
        os.kill(pid, with_signal)
        return time.time()

    def stop(self, name: str) -> float:
        """Stop the process *name* as `supervisorctl stop` does, and return when it had ended (Unix time)."""
        wait_until(f"{name} runs, so that stopping it proves something", lambda: self.pid(name), timeout_s=30)
        self.stack.manager.stop(name, wait=True)
        return time.time()

    def start(self, name: str) -> float:
        """Start the process *name*, and return when (Unix time)."""
        self.stack.manager.start(name)
        return time.time()

    def pool_children(self, worker: str) -> list[psutil.Process]:
        """Return the processes of *worker* in which Celery runs tasks and Airflow's supervisor watches them."""
        return psutil.Process(self.pid(worker)).children()

    def task_processes(self, worker: str) -> list[psutil.Process]:
        """Return the processes in which *worker* runs the tasks' own code."""
        found = []
        for child in self.pool_children(worker):
            try:
                found += child.children()
            except psutil.NoSuchProcess:
                continue
        return found

    def exit_status(self, name: str) -> str:
        """Return what the process manager last noted of the end of *name*, as `exit status 0`."""
        log = (self.stack.paths.role_logs / "supervisord.log").read_text()
        ends = re.findall(rf"(?:exited|stopped): {re.escape(name)} \(([^;)]*)", log)
        assert ends, f"{name} has never ended"
        return str(ends[-1])

    def log_size(self, name: str) -> int:
        """Return how much *name* has logged, in bytes, to be given to `logged_since`."""
        return (self.stack.paths.role_logs / f"{name}.log").stat().st_size

    def logged_since(self, name: str, size: int) -> str:
        """Return what *name* logged after its log had *size* bytes."""
        text = (self.stack.paths.role_logs / f"{name}.log").read_bytes()
        return text[size:].decode(errors="replace")

    def unhealthy(self) -> list[str]:
        """Return the processes that do not do their work."""
        return [state.name for state in self.stack.states() if not state.healthy]

    def wait_until_healthy(self, timeout_s: float = 180) -> float:
        """Return when every process was healthy (Unix time)."""
        last: list[str] = []

        def all_healthy() -> bool:
            last[:] = self.unhealthy()
            return not last

        try:
            wait_until("every process is healthy", all_healthy, timeout_s)
        except AssertionError as error:
            raise AssertionError(f"{error}; unhealthy: {last}") from None
        return time.time()

    def listens(self, port: int) -> bool:
        """Return whether something accepts connections at *port*."""
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", port)) == 0

    # --- settings

    def configure(self, changes: Mapping[str, str], restart: tuple[str, ...]) -> dict[str, str]:
        """Set `section.option` keys of airflow.cfg, restart the roles named by prefix, and return the old values."""
        old = self.change_settings(changes)
        for prefix in restart:
            for name in self.names(prefix):
                self.stop(name)
                self.start(name)
        self.wait_until_healthy()
        return old


def poll(seconds: float, question: Callable[[], bool]) -> bool:
    """Ask *question* until it is true or *seconds* have passed; return its last answer."""
    deadline = time.monotonic() + seconds
    while not question():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.25)
    return True


def away(seconds: float, what: str, is_away: Callable[[], bool]) -> None:
    """Let *seconds* pass while *what* stays away; fail when it comes back by itself."""
    assert not poll(seconds, lambda: not is_away()), f"{what} came back before its {seconds} s were over"
