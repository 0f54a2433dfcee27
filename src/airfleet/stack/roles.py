"""Every role of the stack: its command, its secrets and its addresses.

The embedded stack starts the roles from here; a test compares the compose file with the same table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote

from dotenv import dotenv_values
from pydantic import SecretStr

from airfleet.config.paths import ROOT
from airfleet.config.settings import Settings
from airfleet.runtime.patches import switch

BROKER_URL = "AIRFLOW__CELERY__BROKER_URL"


@dataclass(frozen=True)
class Addresses:
    """Host and port of each server, for one role."""

    postgres: tuple[str, int]
    redis: tuple[str, int]
    webserver: tuple[str, int]
    mail_catcher: tuple[str, int]


class Grant(Enum):
    """A permission of a role."""

    METADATA = "metadata database"
    RESULTS = "Celery's results"
    BROKER = "broker"
    FERNET = "key of stored connections"
    JWT = "key that signs tasks' tokens"
    API_SECRET = "key that signs log requests"  # noqa: S105 - a description # nosec B105
    SESSIONS = "key that signs sessions of the web UI"
    EXECUTION_API = "address of the Execution API"
    WAREHOUSE = "warehouse, as loader"
    MAIL = "mail server"
    FLOWER_LOGIN = "login of Flower's users"
    MAIL_CATCHER_LOGIN = "login of the mail catcher's users"


@dataclass(frozen=True)
class HttpPage:
    """Healthy when a GET of *path* answers 200. The ports are .env's key (embedded) and the container's."""

    path: str
    port_key: str
    container_port: int
    # The page of the embedded engine is on BIND_ADDRESS, else on the loopback address.
    on_bind_address: bool = True


@dataclass(frozen=True)
class JobHeartbeat:
    """Healthy when Airflow's job of this type has a recent heartbeat in the metadata database.

    *component* is what the webserver's health page calls it.
    """

    job_type: str
    component: str


@dataclass(frozen=True)
class ConsumesQueues:
    """Healthy when the worker answers over the broker that it consumes its queues."""


@dataclass(frozen=True)
class ListensOn:
    """Healthy when a TCP connection is accepted; the ports are .env's key (embedded) and the container's."""

    port_key: str
    container_port: int
    address: str = "127.0.0.1"


Probe = HttpPage | JobHeartbeat | ConsumesQueues | ListensOn


@dataclass(frozen=True, kw_only=True)
class Role:
    """One kind of process: Compose service name, command, health check, permissions."""

    name: str
    command: tuple[str, ...]
    # None: it ends by itself.
    probe: Probe | None
    grants: frozenset[Grant]
    runs_airflow: bool = True
    # How many of it may run, and the key of .env that says how many do; `scale` changes the number of such a role.
    most: int = 1
    count_key: str = ""


WEBSERVER = Role(
    name="airflow-webserver",
    command=("airflow", "api-server"),
    probe=HttpPage("/api/v2/version", "webserver_port", 8080),
    grants=frozenset({Grant.METADATA, Grant.FERNET, Grant.JWT, Grant.API_SECRET, Grant.SESSIONS}),
)
SCHEDULER = Role(
    name="airflow-scheduler",
    command=("airflow", "scheduler"),
    probe=HttpPage("/health", "scheduler_health_port", 8974, on_bind_address=False),
    grants=frozenset(
        {
            Grant.METADATA,
            Grant.RESULTS,
            Grant.BROKER,
            Grant.FERNET,
            Grant.JWT,
            Grant.API_SECRET,
            Grant.EXECUTION_API,
        }
    ),
    most=8,
    count_key="schedulers",
)
DAG_PROCESSOR = Role(
    name="airflow-dag-processor",
    command=("airflow", "dag-processor"),
    probe=JobHeartbeat("DagProcessorJob", "dag_processor"),
    # Runs the failure callbacks of tasks whose own process was killed, so it needs the mail server.
    grants=frozenset({Grant.METADATA, Grant.FERNET, Grant.MAIL}),
)
TRIGGERER = Role(
    name="airflow-triggerer",
    command=("airflow", "triggerer"),
    probe=JobHeartbeat("TriggererJob", "triggerer"),
    grants=frozenset({Grant.METADATA, Grant.FERNET, Grant.API_SECRET, Grant.MAIL}),
)
WORKER = Role(
    name="airflow-worker",
    command=("airflow", "celery", "worker"),
    probe=ConsumesQueues(),
    grants=frozenset(
        {
            Grant.RESULTS,
            Grant.BROKER,
            Grant.FERNET,
            Grant.API_SECRET,
            Grant.EXECUTION_API,
            Grant.WAREHOUSE,
            Grant.MAIL,
        }
    ),
    most=64,
    count_key="workers",
)
FLOWER = Role(
    name="flower",
    command=("celery", "flower"),
    probe=HttpPage("/healthcheck", "flower_port", 5555),
    grants=frozenset({Grant.BROKER, Grant.FLOWER_LOGIN}),
    runs_airflow=False,
)
MAIL_CATCHER = Role(
    name="mail",
    command=("python", "-P", "-m", "airfleet.stack.mail_catcher"),
    probe=ListensOn("mail_catcher_port", 1025),
    grants=frozenset({Grant.MAIL_CATCHER_LOGIN}),
    runs_airflow=False,
)

# In the order in which they start: the webserver first, as tasks report to it; workers before the roles that give them
# tasks.
ROLES: tuple[Role, ...] = (
    MAIL_CATCHER,
    WEBSERVER,
    DAG_PROCESSOR,
    TRIGGERER,
    WORKER,
    SCHEDULER,
    FLOWER,
)

SCALABLE: tuple[Role, ...] = tuple(role for role in ROLES if role.most > 1)


def counts(settings: Settings) -> dict[str, int]:
    """Return how many of each scalable role .env asks for, by the role's name."""
    return {role.name: int(getattr(settings, role.count_key)) for role in SCALABLE}


def environment(role: Role, settings: Settings, at: Addresses) -> dict[str, str]:
    """Return the variables of *role*: addresses and secrets of its grants, and nothing else."""
    given: dict[str, str] = {}
    if role.runs_airflow:
        given |= {
            "AIRFLOW__API__BASE_URL": settings.base_url or f"http://localhost:{settings.webserver_port}",
            "AIRFLOW_VAR_MAIL_TO": settings.mail_to,
            "AIRFLOW_VAR_METADATA_RETENTION_DAYS": str(settings.metadata_retention_days),
            "AIRFLOW_VAR_LOG_RETENTION_DAYS": str(settings.log_retention_days),
            switch.VARIABLE: settings.airfleet_patches,
            "OTEL_EXPORTER_OTLP_ENDPOINT": settings.otel_exporter_otlp_endpoint,
            "OTEL_EXPORTER_OTLP_HEADERS": settings.otel_exporter_otlp_headers.get_secret_value(),
            "OTEL_TRACES_SAMPLER_ARG": settings.otel_traces_sampler_arg,
        }
    for grant in Grant:
        if grant in role.grants:
            given |= _VARIABLES[grant](settings, at)
    if role is WORKER:
        given |= settings.worker_variables
    return given


def url(scheme: str, user: str, password: SecretStr, server: tuple[str, int], path: str) -> str:
    """Return an URL with its parts quoted."""
    host, port = server
    login = f"{quote(user, safe='')}:{quote(password.get_secret_value(), safe='')}"
    return f"{scheme}://{login}@{host}:{port}/{path}"


def postgres_dsn(user: str, password: SecretStr, server: tuple[str, int], database: str) -> str:
    """Return the libpq address of *database* for *user*."""
    return url("postgresql", user, password, server, database)


def redis_url(settings: Settings, server: tuple[str, int]) -> str:
    """Return the address of the built-in broker for Celery's user."""
    return url("redis", "airflow", settings.redis_password, server, "0")


def _metadata(s: Settings, at: Addresses) -> Mapping[str, str]:
    return {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url(
            "postgresql+psycopg2", "airflow_metadata", s.metadata_password, at.postgres, "airflow"
        )
    }


def _results(s: Settings, at: Addresses) -> Mapping[str, str]:
    return {
        "AIRFLOW__CELERY__RESULT_BACKEND": url(
            "db+postgresql+psycopg2", "airflow_results", s.results_password, at.postgres, "airflow_results"
        )
    }


def _broker(s: Settings, at: Addresses) -> Mapping[str, str]:
    return {BROKER_URL: redis_url(s, at.redis)}


def _execution_api(_: Settings, at: Addresses) -> Mapping[str, str]:
    host, port = at.webserver
    return {"AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://{host}:{port}/execution/"}


def _warehouse(s: Settings, at: Addresses) -> Mapping[str, str]:
    return {
        "AIRFLOW_CONN_WAREHOUSE": postgres_dsn(
            "warehouse_loader", s.warehouse_loader_password, at.postgres, "warehouse"
        )
    }


def mail_variables(s: Settings, at: Addresses) -> dict[str, str]:
    """Return the mail variables for senders: SMTP_HOST, or the mail catcher while that is empty."""
    host, port = at.mail_catcher
    return {
        "MAIL_FROM": s.mail_from,
        "SMTP_HOST": s.smtp_host,
        "SMTP_PORT": str(s.smtp_port),
        "SMTP_USER": s.smtp_user,
        "SMTP_PASSWORD": s.smtp_password.get_secret_value(),
        "SMTP_DISABLE_TLS": str(s.smtp_disable_tls).lower(),
        "MAIL_CATCHER_ADDRESS": f"{host}:{port}",
        "MAIL_CATCHER_PASSWORD": s.mail_catcher_password.get_secret_value(),
    }


def _flower_login(s: Settings, _: Addresses) -> Mapping[str, str]:
    told = dotenv_values(ROOT / "deploy" / "flower" / "flower.env", interpolate=False)
    login = f"{s.flower_user}:{s.flower_password.get_secret_value()}"
    return {**{key: value or "" for key, value in told.items()}, "FLOWER_BASIC_AUTH": login}


_VARIABLES: Mapping[Grant, Callable[[Settings, Addresses], Mapping[str, str]]] = {
    Grant.METADATA: _metadata,
    Grant.RESULTS: _results,
    Grant.BROKER: _broker,
    Grant.FERNET: lambda s, _: {"AIRFLOW__CORE__FERNET_KEY": s.fernet_key.get_secret_value()},
    Grant.JWT: lambda s, _: {"AIRFLOW__API_AUTH__JWT_SECRET": s.jwt_secret.get_secret_value()},
    Grant.API_SECRET: lambda s, _: {"AIRFLOW__API__SECRET_KEY": s.api_secret_key.get_secret_value()},
    # Read by airflow/config/webserver_config.py.
    Grant.SESSIONS: lambda s, _: {"SESSION_KEY": s.session_key.get_secret_value()},
    Grant.EXECUTION_API: _execution_api,
    Grant.WAREHOUSE: _warehouse,
    Grant.MAIL: mail_variables,
    Grant.FLOWER_LOGIN: _flower_login,
    Grant.MAIL_CATCHER_LOGIN: lambda s, _: {
        "MAIL_CATCHER_PASSWORD": s.mail_catcher_password.get_secret_value(),
    },
}
