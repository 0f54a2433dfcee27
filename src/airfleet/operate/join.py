"""The .env of workers on another machine, with only the keys that they need."""

from pydantic import SecretStr

from airfleet.config import env_file
from airfleet.config.paths import Paths
from airfleet.config.settings import Settings
from airfleet.stack import roles
from airfleet.stack.roles import WORKER, Addresses

# A worker's secrets: it reads stored connections, checks log requests, and sends mail and traces.
_NEEDED = {"fernet_key", "api_secret_key", "smtp_password", "otel_exporter_otlp_headers"}
_VARIABLES = {
    "EXECUTION_API_URL": "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
    "RESULTS_URL": "AIRFLOW__CELERY__RESULT_BACKEND",
    "BROKER_URL": roles.BROKER_URL,
    "WAREHOUSE_URL": "AIRFLOW_CONN_WAREHOUSE",
}


def worker_env(settings: Settings, paths: Paths, address: str) -> str:
    """Return the text of an .env for workers that reach this stack at *address*, through the profile `join`.

    Compose requires a value for every key, so secrets that a worker does not need have a placeholder.
    """
    at = Addresses(
        postgres=(address, settings.join_postgres_port),
        redis=(address, settings.join_broker_port),
        webserver=(address, settings.join_execution_api_port),
        mail_catcher=("mail", 1025),
    )
    given = roles.environment(WORKER, settings, at)
    lines = paths.env_file.read_text(encoding="utf-8").splitlines()
    for name in Settings.names():
        value = getattr(settings, name)
        if isinstance(value, SecretStr) and value.get_secret_value() and name not in _NEEDED:
            env_file.put(lines, name.upper(), "unused")
    for key, variable in _VARIABLES.items():
        outside = getattr(settings, key.lower(), None)
        env_file.put(lines, key, (outside.get_secret_value() if outside else "") or given[variable])
    env_file.put(lines, "METADATA_URL", "")
    return "\n".join(lines) + "\n"
