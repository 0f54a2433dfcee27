"""Every role of the stack: its command, and the secrets and addresses it is given.

The embedded stack starts the roles from here; a test holds the compose file to the same table.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote

from pydantic import SecretStr

from airfleet.config.settings import Settings
from airfleet.runtime.patches import switch

BROKER_URL = "AIRFLOW__CELERY__BROKER_URL"


@dataclass(frozen=True)
class Addresses:
    """Where one role finds the others: host and port of each server."""

    postgres: tuple[str, int]
    redis: tuple[str, int]
    webserver: tuple[str, int]
    mail_catcher: tuple[str, int]


class Grant(Enum):
    """Something that a role is let into."""

    METADATA = "metadata database"
    RESULTS = "Celery's results"
    BROKER = "broker"
    FERNET = "key of stored connections"
    JWT = "key that signs tasks' tokens"
    API_SECRET = "key that signs sessions and log requests"  # noqa: S105 - a description # nosec B105
    EXECUTION_API = "address of the Execution API"
    WAREHOUSE = "warehouse, as loader"
    MAIL = "mail server"
    FLOWER_LOGIN = "login of Flower's users"
    MAIL_CATCHER_LOGIN = "login of the mail catcher's users"


@dataclass(frozen=True)
class Role:
    """One kind of process: its Compose service name, its command and what it may reach."""

    name: str
    command: tuple[str, ...]
    grants: frozenset[Grant]
    runs_airflow: bool = True


def _role(name: str, command: str, *grants: Grant, runs_airflow: bool = True) -> Role:
    return Role(name, tuple(command.split()), frozenset(grants), runs_airflow)


WEBSERVER = _role("airflow-webserver", "airflow api-server", Grant.METADATA, Grant.FERNET, Grant.JWT, Grant.API_SECRET)
SCHEDULER = _role(
    "airflow-scheduler",
    "airflow scheduler",
    Grant.METADATA,
    Grant.RESULTS,
    Grant.BROKER,
    Grant.FERNET,
    Grant.JWT,
    Grant.API_SECRET,
    Grant.EXECUTION_API,
)
# Runs the failure callbacks of tasks whose own process was killed, hence the mail server.
DAG_PROCESSOR = _role("airflow-dag-processor", "airflow dag-processor", Grant.METADATA, Grant.FERNET, Grant.MAIL)
TRIGGERER = _role(
    "airflow-triggerer",
    "airflow triggerer",
    Grant.METADATA,
    Grant.FERNET,
    Grant.API_SECRET,
    Grant.MAIL,
)
WORKER = _role(
    "airflow-worker",
    "airflow celery worker",
    Grant.RESULTS,
    Grant.BROKER,
    Grant.FERNET,
    Grant.API_SECRET,
    Grant.EXECUTION_API,
    Grant.WAREHOUSE,
    Grant.MAIL,
)
FLOWER = _role("flower", "celery flower", Grant.BROKER, Grant.FLOWER_LOGIN, runs_airflow=False)
MAIL_CATCHER = _role("mail", "python -P -m airfleet.stack.mail_catcher", Grant.MAIL_CATCHER_LOGIN, runs_airflow=False)

# In the order in which they start: the webserver first, as tasks report to it; workers before what feeds them.
ROLES: tuple[Role, ...] = (
    MAIL_CATCHER,
    WEBSERVER,
    DAG_PROCESSOR,
    TRIGGERER,
    WORKER,
    SCHEDULER,
    FLOWER,
)


def environment(role: Role, settings: Settings, at: Addresses) -> dict[str, str]:
    """Return the variables that *role* is given: addresses and secrets of its grants, and nothing else."""
    given: dict[str, str] = {}
    if role.runs_airflow:
        given |= {
            "AIRFLOW__API__BASE_URL": settings.base_url or f"http://localhost:{settings.webserver_port}",
            "AIRFLOW_VAR_MAIL_TO": settings.mail_to,
            "AIRFLOW_VAR_METADATA_RETENTION_DAYS": str(settings.metadata_retention_days),
            "AIRFLOW_VAR_LOG_RETENTION_DAYS": str(settings.log_retention_days),
            switch.VARIABLE: settings.airfleet_patches,
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


def _mail(s: Settings, at: Addresses) -> Mapping[str, str]:
    if s.uses_mail_catcher:
        user, password, plain = "airflow", s.mail_catcher_password, True
        host, port = at.mail_catcher
    else:
        user, password, plain = s.smtp_user, s.smtp_password, s.smtp_disable_tls
        host, port = s.smtp_host, s.smtp_port
    connection = {
        "conn_type": "smtp",
        "host": host,
        "port": port,
        "login": user,
        "password": password.get_secret_value(),
        # JSON, as the hook takes the text "false" of an URL for true.
        "extra": {"disable_ssl": True, "disable_tls": plain, "from_email": s.mail_from},
    }
    # No bare apostrophe: the process manager and shells quote with it.
    return {"AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(connection).replace("'", "\\u0027")}


def _flower_login(s: Settings, _: Addresses) -> Mapping[str, str]:
    return {
        "CELERY_CONFIG_MODULE": "airfleet.stack.flower_config",
        "FLOWER_BASIC_AUTH": f"{s.flower_user}:{s.flower_password.get_secret_value()}",
        # Shutting workers down and revoking tasks is for operators with a shell, not for a web page.
        "FLOWER_READ_ONLY": "true",
        "FLOWER_PURGE_OFFLINE_WORKERS": "300",
        # Each takes 6 KiB of it; its default of 100,000 would be more than its container may take.
        "FLOWER_MAX_TASKS": "5000",
    }


_VARIABLES: Mapping[Grant, Callable[[Settings, Addresses], Mapping[str, str]]] = {
    Grant.METADATA: _metadata,
    Grant.RESULTS: _results,
    Grant.BROKER: _broker,
    Grant.FERNET: lambda s, _: {"AIRFLOW__CORE__FERNET_KEY": s.fernet_key.get_secret_value()},
    Grant.JWT: lambda s, _: {"AIRFLOW__API_AUTH__JWT_SECRET": s.jwt_secret.get_secret_value()},
    Grant.API_SECRET: lambda s, _: {"AIRFLOW__API__SECRET_KEY": s.api_secret_key.get_secret_value()},
    Grant.EXECUTION_API: _execution_api,
    Grant.WAREHOUSE: _warehouse,
    Grant.MAIL: _mail,
    Grant.FLOWER_LOGIN: _flower_login,
    Grant.MAIL_CATCHER_LOGIN: lambda s, _: {
        "MAIL_CATCHER_PASSWORD": s.mail_catcher_password.get_secret_value(),
    },
}
