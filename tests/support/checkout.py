"""A fresh checkout of this repository in a folder of its own, used as its user would use it."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from airfleet.config.paths import Paths
from airfleet.stack.embedded import servers
from airfleet.stack.embedded.process_manager import kill_tree, processes
from airfleet.stack.preflight import free_ports

ROOT = Path(__file__).resolve().parents[2]
PORT_KEYS = (
    "WEBSERVER_PORT",
    "FLOWER_PORT",
    "POSTGRES_PORT",
    "REDIS_PORT",
    "LOG_SERVER_PORT",
    "TRIGGERER_LOG_PORT",
    "SCHEDULER_HEALTH_PORT",
    "MAIL_CATCHER_PORT",
    "STATSD_PORT",
    "STATSD_EXPORTER_PORT",
    "EXPORTER_PORT",
    "PROMETHEUS_PORT",
    "ALERTMANAGER_PORT",
    "GRAFANA_PORT",
)
T = TypeVar("T")


@dataclass
class Checkout:
    """The checkout at *root*; commands run as *user* where one is given."""

    root: Path
    user: str | None = None
    variables: dict[str, str] = field(default_factory=dict)

    def airfleet(self, *arguments: str, timeout_s: float = 900, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `./airfleet ARGUMENTS`; with *check*, a failure fails the test with all that was printed."""
        done = subprocess.run(
            [str(self.root / "airfleet"), *arguments],
            cwd=self.root,
            env=self.environment(),
            user=self.user,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        if check:
            assert done.returncode == 0, f"airfleet {arguments} exited {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `./airfleet ARGUMENTS` in a process group of its own, and return it."""
        # Tests that a shell runs in its background ignore interrupts, and what they start would inherit that.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return subprocess.Popen(
                [str(self.root / "airfleet"), *arguments],
                cwd=self.root,
                env=self.environment(),
                user=self.user,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        finally:
            signal.signal(signal.SIGINT, before)

    def interrupt(self, step: str, *arguments: str, with_signal: signal.Signals, timeout_s: float) -> None:
        """Start `./airfleet ARGUMENTS`, signal its process group once it says *step*, and return at its end."""
        started = self.start(*arguments)
        hear(started, step)
        end(started, with_signal, timeout_s)

    def environment(self) -> dict[str, str]:
        """Return what a login shell would have: none of the test runner's own variables."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "PYTHON", "AIRFLEET", "PYTEST"))}
        return kept | self.variables

    def json(self, *arguments: str) -> Any:
        """Run a command with --json and return what it printed, whatever its exit code."""
        done = self.airfleet(*arguments, "--json", check=False)
        assert done.stdout.startswith(("{", "[")), f"{arguments} printed {done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    def wait_until_healthy(self) -> None:
        """Wait until every process is healthy at once; one that is busy may leave a look without an answer."""

        def healthy() -> bool:
            found = self.json("status")
            return bool(found) and all(state["healthy"] for state in found)

        wait_until("all is healthy", healthy)

    def env(self) -> dict[str, str]:
        """Return what .env holds."""
        lines = (self.root / ".env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))

    def set_env(self, **values: object) -> None:
        """Change lines of .env."""
        path = self.root / ".env"
        lines = path.read_text().splitlines()
        for key, value in values.items():
            assert any(line.startswith(f"{key}=") for line in lines), f"{key} is not in .env"
            lines = [f"{key}={value}" if line.startswith(f"{key}=") else line for line in lines]
        path.write_text("\n".join(lines) + "\n")

    def destroy(self) -> None:
        """Kill what runs of this checkout's embedded stack, and delete its data, as no user would."""
        paths = Paths(self.root)

        def gone() -> bool:
            found = processes(paths)
            for process in found:
                kill_tree(process.pid)
            return not found

        wait_until("all of it has ended", gone, timeout_s=30)
        servers.delete(paths)

    def add_dag(self, name: str, source: str) -> None:
        """Drop a Dag file in, in one step as an editor would."""
        partial = self.root / "airflow" / "dags" / f".{name}.partial"
        partial.write_text(source)
        partial.chmod(0o644)
        partial.rename(partial.with_name(f"{name}.py"))


def hear(process: subprocess.Popen[str], step: str) -> str:
    """Return what *process* prints until a line holds *step*."""
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if step in line:
            return "".join(seen)
    raise AssertionError(f"{step!r} was never said: {seen}")


def end(process: subprocess.Popen[str], with_signal: signal.Signals, timeout_s: float) -> None:
    """Signal the process group of *process*, and return when it has ended without success."""
    os.killpg(process.pid, with_signal)
    process.communicate(timeout=timeout_s)
    assert process.returncode != 0


def make(root: Path, user: str | None = None) -> Checkout:
    """Copy the repository to *root*, with free ports in .env.

    Nothing watches it, unless a test says so: building that takes minutes, and tests/monitoring looks at it.
    """
    copy_repository(root)
    checkout = Checkout(root, user)
    if user:
        home = root.parent / "home"
        home.mkdir()
        entry = pwd.getpwnam(user)
        for path in (home, root, *root.rglob("*")):
            os.chown(path, entry.pw_uid, entry.pw_gid)
        checkout.variables = {"HOME": str(home), "PYTHON": _python_for(user)}
    checkout.airfleet("init")
    checkout.set_env(MONITORING="off", **dict(zip(PORT_KEYS, free_ports(len(PORT_KEYS)), strict=True)))
    return checkout


def copy_repository(root: Path) -> None:
    """Make *root*, and copy what git tracks, and what it does not ignore, into it."""
    root.mkdir(parents=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).exists():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)


def _python_for(user: str) -> str:
    """Return a Python that *user* can run and make virtual environments with."""
    has_what_it_takes = "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"
    for candidate in (shutil.which("python3") or "", "/usr/bin/python3", "/usr/local/bin/python3"):
        # Root's own Python may lie where nobody else can look.
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            subprocess.run([candidate, "-c", has_what_it_takes], user=user, cwd="/", capture_output=True, check=True)
            return candidate
    raise AssertionError(f"{user} can run no Python 3.11 with venv here: install the package python3-venv")


def wait_until(what: str, question: Callable[[], T | None], timeout_s: float = 60) -> T:
    """Return the first true answer to *question*; fail with *what* and the last answer after *timeout_s*."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = question()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what}: not within {timeout_s} s; the last answer was {answer!r}"
        time.sleep(0.25)
