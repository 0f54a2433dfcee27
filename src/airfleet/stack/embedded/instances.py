"""Every process of the embedded stack: which role, which number, which environment."""

import hashlib
import os
import shlex
import sys
from dataclasses import dataclass

from airfleet.config.paths import Paths
from airfleet.config.settings import Settings
from airfleet.runtime.patches import reported
from airfleet.stack.roles import (
    BROKER_URL,
    FLOWER,
    MAIL_CATCHER,
    ROLES,
    SCHEDULER,
    TRIGGERER,
    WEBSERVER,
    WORKER,
    Addresses,
    Grant,
    ListensOn,
    Role,
    environment,
)

LOOPBACK, EVERYWHERE = "127.0.0.1", "0.0.0.0"  # noqa: S104 # nosec B104 - what .env may say
HEALTH_PORT = "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT"
TRIGGERER_ADDRESS = LOOPBACK

# Under Compose nothing starts before init has ended.
AHEAD = "python -P -m airfleet.stack.embedded.ahead"


@dataclass(frozen=True)
class Instance:
    """One process: its name, the command line and the variables it gets."""

    name: str
    role: Role
    number: int
    command: str
    environment: dict[str, str]
    stop_seconds: int


def worker_address(number: int) -> str:
    """Return the loopback address that stands for worker *number* (1 to WORKER.most)."""
    return f"127.0.1.{number}"


def worker_name(address: str) -> str:
    """Return the worker that *address* stands for, or *address* itself if it stands for none."""
    if address.startswith("127.0.1."):
        return f"{WORKER.name}-{address.rsplit('.', 1)[1]}"
    return address


# Compose gets this from each worker's own container; here one process stands for all of them.
LOG_SERVER = Role(
    name="log-server",
    command=("python", "-P", "-m", "airfleet.stack.embedded.log_server"),
    # Once it listens for one worker it does so for all.
    probe=ListensOn("log_server_port", 8793, worker_address(1)),
    grants=frozenset({Grant.API_SECRET}),
)


def addresses(settings: Settings) -> Addresses:
    """Return where the roles of the embedded stack find each other."""
    return Addresses(
        postgres=(LOOPBACK, settings.postgres_port),
        redis=(LOOPBACK, settings.redis_port),
        # It listens on this one address, or on every one.
        webserver=(LOOPBACK if settings.bind_address == EVERYWHERE else settings.bind_address, settings.webserver_port),
        mail_catcher=(LOOPBACK, settings.mail_catcher_port),
    )


def broker_url(settings: Settings) -> str:
    """Return the broker's address for who asks or orders the workers: that takes writing, so as their own user."""
    return environment(WORKER, settings, addresses(settings))[BROKER_URL]


def instances(settings: Settings, paths: Paths, counts: dict[str, int]) -> list[Instance]:
    """Return every Airflow-side process, in starting order; *counts* has the number of each scalable role."""
    every: list[Instance] = []
    for role in (LOG_SERVER, *ROLES):
        if role is MAIL_CATCHER and not settings.uses_mail_catcher:
            continue
        every += [_instance(role, n, settings, paths) for n in range(1, counts.get(role.name, 1) + 1)]
    return every


def _instance(role: Role, number: int, settings: Settings, paths: Paths) -> Instance:
    name = f"{role.name}-{number}" if role.most > 1 else role.name
    command = list(role.command)
    if role is WORKER:
        command += ["--skip-serve-logs", "--celery-hostname", name, "--queues", settings.worker_queues]
    if role is WEBSERVER:
        command = [*AHEAD.split(), *command[1:]]
    if role is TRIGGERER:
        command += ["--skip-serve-logs"]
    return Instance(
        name=name,
        role=role,
        number=number,
        command=shlex.join(["python", "-P", "-m", "airfleet.stack.embedded.launch", name, *command]),
        environment=process_environment(paths)
        | environment(role, settings, addresses(settings))
        | (_statsd(settings) if role.runs_airflow else {})
        | {reported.INSTANCE: name}
        | _local(role, number, settings, paths),
        stop_seconds=settings.stop_grace_seconds if role is WORKER else 60,
    )


def process_environment(paths: Paths) -> dict[str, str]:
    """Return what every Python process of the stack needs, and no secret."""
    bin_folder = os.path.dirname(sys.executable)  # noqa: PTH120 - resolve() would leave the virtual environment
    return {
        "PATH": f"{bin_folder}:{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": str(paths.root / "src"),
        "PYTHONUNBUFFERED": "1",
        # As in the image: threads share two heaps instead of keeping up to eight a core, each with its own leftovers.
        "MALLOC_ARENA_MAX": "2",
        "AIRFLOW_HOME": str(paths.airflow_home),
        "AIRFLOW_CONFIG": str(paths.airflow_cfg),
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "airfleet.stack.embedded.hostname.hostname",
        "AIRFLEET_HOSTNAME": LOOPBACK,
        "RETAIL_DATA_DIR": str(paths.data),
    }


def restart_when(*read: str) -> dict[str, str]:
    """Return a variable that differs when what the program read at its start does: then `up` restarts it."""
    return {"AIRFLEET_CONFIGURATION": hashlib.sha256("\0".join(read).encode()).hexdigest()[:12]}


def _statsd(settings: Settings) -> dict[str, str]:
    """Return where statsd_exporter listens, or will once it is built: sending to nobody costs nothing."""
    return {
        "AIRFLOW__METRICS__STATSD_ON": str(settings.monitoring),
        "AIRFLOW__METRICS__STATSD_HOST": LOOPBACK,
        "AIRFLOW__METRICS__STATSD_PORT": str(settings.statsd_port),
    }


def _local(role: Role, number: int, settings: Settings, paths: Paths) -> dict[str, str]:
    """Return what keeps this process on 127.0.0.1 and out of the way of its neighbours."""
    log_ports = {
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(settings.log_server_port),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(settings.triggerer_log_port),
    }
    local: dict[Role, dict[str, str]] = {
        LOG_SERVER: log_ports,
        WEBSERVER: log_ports
        | {
            "AIRFLOW__API__HOST": settings.bind_address,
            "AIRFLOW__API__PORT": str(settings.webserver_port),
        },
        SCHEDULER: {
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_HOST": LOOPBACK,
            HEALTH_PORT: str(settings.scheduler_health_port + number - 1),
        },
        WORKER: {
            "AIRFLEET_HOSTNAME": worker_address(number),
            "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(settings.worker_concurrency),
        },
        FLOWER: {
            "FLOWER_ADDRESS": settings.bind_address,
            "FLOWER_PORT": str(settings.flower_port),
            "WORKER_QUEUES": settings.worker_queues,
        },
        MAIL_CATCHER: {
            "MAIL_CATCHER_ADDRESS": f"{LOOPBACK}:{settings.mail_catcher_port}",
            "MAIL_CATCHER_FOLDER": str(paths.mail),
        },
    }
    return local.get(role, {})
