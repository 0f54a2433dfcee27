"""Checks before a start: every problem at once, before anything changes."""

import os
import shutil
import socket
from pathlib import Path

import psutil

from airfleet.config.errors import AirfleetError
from airfleet.config.settings import Settings

# Postgres' first files, Redis' log, a first run's logs and the shop's data, with a reserve.
_NEEDED_BYTES = 1 << 30

PORT_KEYS = (
    "webserver_port",
    "flower_port",
    "postgres_port",
    "redis_port",
    "log_server_port",
    "triggerer_log_port",
    "mail_catcher_port",
)
MONITORING_PORT_KEYS = (
    "statsd_port",
    "statsd_exporter_port",
    "exporter_port",
    "prometheus_port",
    "alertmanager_port",
    "grafana_port",
)


def check(settings: Settings, folders: list[Path], own_pids: set[int]) -> None:
    """Raise AirfleetError with every problem found; *own_pids* are this stack's processes, which may hold the ports."""
    problems = [*_ports(settings, own_pids), *_disk(folders)]
    if problems:
        raise AirfleetError(*problems)


def _ports(settings: Settings, own_pids: set[int]) -> list[str]:
    keys = (*PORT_KEYS, *(MONITORING_PORT_KEYS if settings.monitoring else ()))
    wanted = {key: int(getattr(settings, key)) for key in keys}
    for number in range(settings.schedulers):
        wanted[f"scheduler_health_port{f' + {number}' if number else ''}"] = settings.scheduler_health_port + number
    return port_problems(wanted, own_pids)


def port_problems(wanted: dict[str, int], own_pids: set[int]) -> list[str]:
    """Return a sentence for each port of *wanted*, by its key of .env, that is taken or wanted twice."""
    problems = []
    users: dict[int, str] = {}
    for key, port in wanted.items():
        if port in users:
            problems.append(f"{key.upper()} and {users[port].upper()} are both {port}. Give each its own in .env.")
        users.setdefault(port, key)
        address = "127.0.1.1" if key == "log_server_port" else "127.0.0.1"
        kind = "udp" if key == "statsd_port" else "tcp"
        if _is_free(address, port, kind):
            continue
        owner = _owner(address, port, kind)
        if owner is None or owner.pid not in own_pids:
            by = f"by pid {owner.pid} ({owner.name()})" if owner else "by another user's process"
            problems.append(f"Port {port} is taken {by}. Set {key.upper()} in .env and run again.")
    return problems


def free_ports(count: int) -> list[int]:
    """Return free ports, with a free one after each, as a second scheduler takes the next.

    They are below the kernel's range for outgoing connections.
    """
    chosen: list[int] = []
    # Processes that ask at the same time have neighbouring pids, and start far from each other.
    for port in range(18000 + os.getpid() * 1051 % 1600 * 8, 32000, 8):
        with socket.socket() as probe:
            try:
                # On every address, as another stack's log server uses its own loopback addresses.
                probe.bind(("0.0.0.0", port))  # noqa: S104 - nothing listens # nosec B104
            except OSError:
                continue
        chosen.append(port)
        if len(chosen) == count:
            return chosen
    raise AirfleetError(f"Only {len(chosen)} of {count} ports are free under 32000. Stop programs that use them.")


def _is_free(address: str, port: int, kind: str) -> bool:
    with socket.socket(type=socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM) as probe:
        if kind == "tcp":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def _owner(address: str, port: int, kind: str) -> psutil.Process | None:
    # A port may have a different owner on each address; an owner that listens on all addresses always conflicts.
    in_the_way = {(ip, port) for ip in (address, "0.0.0.0", "::")}  # noqa: S104 - compared, not bound # nosec B104
    try:
        for connection in psutil.net_connections(kind):
            waits = connection.status in (psutil.CONN_LISTEN, psutil.CONN_NONE)
            if waits and tuple(connection.laddr) in in_the_way and connection.pid:
                return psutil.Process(connection.pid)
    except psutil.Error:
        return None
    return None


def _disk(folders: list[Path]) -> list[str]:
    problems = []
    for folder in folders:
        existing = next(p for p in (folder, *folder.parents) if p.exists())
        free = shutil.disk_usage(existing).free
        if free < _NEEDED_BYTES:
            problems.append(
                f"{existing} has {free / (1 << 20):.0f} MiB free, and {_NEEDED_BYTES / (1 << 20):.0f} MiB are needed."
                " Free some space and run again."
            )
    return problems
