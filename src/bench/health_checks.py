"""The health checks of both deployments, run as their engine runs them, and their cost."""

import os
import shlex
import subprocess
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from airfleet.config.errors import AirfleetError
from airfleet.stack.embedded.instances import Instance as RoleInstance
from airfleet.stack.embedded.instances import instances
from airfleet.stack.roles import DAG_PROCESSOR, FLOWER, SCHEDULER, TRIGGERER, WEBSERVER, WORKER
from bench.instance import OURS, Instance

_POLL_S = 0.05
# A busy machine takes this long for a check of several CPU seconds.
_TIMEOUT_S = 120.0
_REFUSALS = 3
# Those of Postgres and Redis are the same in both files and cost almost nothing.
_ROLES = (WEBSERVER, SCHEDULER, DAG_PROCESSOR, TRIGGERER, WORKER, FLOWER)


@dataclass(frozen=True)
class HealthCheck:
    """One role's check: its command line and variables, and the seconds between two runs."""

    role: str
    interval_s: float
    command: list[str]
    environment: dict[str, str]


def of_instance(of: Instance, compose_file: Path) -> list[HealthCheck]:
    """Return the checks of the instance *of*: those of stock.toml, or for this deployment those of *compose_file*."""
    by_role = {each.role: each for each in instances(of.stack.settings, of.stack.paths, of.stack.counts())}
    if of.profile == OURS:
        services = yaml.safe_load(compose_file.read_text())["services"]
        return [_ours(of, by_role[role], services[role.name]["healthcheck"]) for role in _ROLES]
    values = {name: getattr(of.stack.settings, name) for name in of.stack.settings.names()}
    values["source"] = of.stack.paths.root / "src"
    return [
        HealthCheck(
            role.name,
            found["interval_s"],
            [part.format(**values) for part in found["command"]],
            by_role[role].environment,
        )
        for role in _ROLES
        if (found := of.official["health_checks"].get(role.name))
    ]


def _ours(of: Instance, role: RoleInstance, check: dict[str, Any]) -> HealthCheck:
    """Return the check of the compose file with this machine's paths and ports instead of a container's."""
    settings = of.stack.settings
    ports = {"8080": settings.webserver_port, "8974": settings.scheduler_health_port, "5555": settings.flower_port}
    program, *arguments = check["test"][1:]
    arguments = [
        str(ports.get(part, part)).replace("/opt/airflow/src", str(of.stack.paths.root / "src")) for part in arguments
    ]
    variables = {"AIRFLEET_ONLY_LOOK": "1", "WORKER_QUEUES": settings.worker_queues}
    if program == "python":
        # A container's host name is its worker's name, or the name of Airflow's heartbeats.
        host = role.name if role.role is WORKER else role.environment["AIRFLEET_HOSTNAME"]
        program, arguments = sys.executable, ["-P", "-m", "bench.in_container", host, *arguments[1:]]
    return HealthCheck(
        role.role.name, float(check["interval"].rstrip("s")), [program, *arguments], role.environment | variables
    )


def cores(checks: list[HealthCheck], seconds: float) -> tuple[float, dict[str, float]]:
    """Run *checks* at their intervals for *seconds*; return the cores they use on average, and CPU seconds a run.

    Every check runs at least once. A failed check is repeated and not counted, as a failure may cost less than a
    success; raises AirfleetError when it keeps failing.
    """
    began = time.monotonic()
    # In the first half of a short period: those of stock take seconds, and must end within it.
    due = {check.role: began + min(check.interval_s, seconds / 2) * n / len(checks) for n, check in enumerate(checks)}
    running: dict[int, tuple[HealthCheck, subprocess.Popen[bytes]]] = {}
    cost: dict[str, list[float]] = defaultdict(list)
    refused: Counter[str] = Counter()
    while (now := time.monotonic()) < began + seconds or running or len(cost) < len(checks):
        for check in checks:
            if now >= due[check.role] and (now < began + seconds or check.role not in cost):
                due[check.role] += check.interval_s
                started = _start(check)
                running[started.pid] = (check, started)
        for pid in list(running):
            ended, status, used = os.wait4(pid, os.WNOHANG)
            if ended:
                check, started = running.pop(pid)
                started.returncode = os.waitstatus_to_exitcode(status)
                if not started.returncode:
                    cost[check.role].append(used.ru_utime + used.ru_stime)
                    continue
                refused[check.role] += 1
                if refused[check.role] == _REFUSALS:
                    raise AirfleetError(f"{shlex.join(check.command)} exits {started.returncode} repeatedly.")
                due[check.role] = now
        if time.monotonic() > began + seconds + _TIMEOUT_S:
            raise AirfleetError(f"Health checks do not end: {', '.join(c.role for c, _ in running.values())}.")
        time.sleep(_POLL_S)
    each = {role: sum(times) / len(times) for role, times in cost.items()}
    return sum(each[check.role] / check.interval_s for check in checks), each


def _start(check: HealthCheck) -> subprocess.Popen[bytes]:
    kept = {key: os.environ[key] for key in ("HOME", "LANG") if key in os.environ}
    return subprocess.Popen(
        check.command, env=kept | check.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
