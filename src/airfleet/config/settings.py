"""The settings of one deployment, read once from .env."""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, ValidationError

from airfleet.config import env_lines
from airfleet.config.errors import AirfleetError
from airfleet.config.values import (
    ApiSecret,
    AtLeastOne,
    Cores,
    Count,
    Days,
    Disk,
    FernetKey,
    FirstRun,
    HashedPassword,
    HostPort,
    Image,
    IPv4,
    JwtSecret,
    Memory,
    Name,
    Network,
    OnOff,
    Password,
    Port,
    Prefixes,
    Queues,
    Share,
    SystemUser,
    TeamCommands,
    TrueFalse,
    WebAddress,
    ZeroOrOne,
    whole,
)
from airfleet.runtime.patches import switch
from airfleet.runtime.patches.registry import NAMES

# Beginnings of keys that are not airfleet's own: Airflow's options, its connections and variables, and Docker's keys.
_OTHERS = ("AIRFLOW__", "AIRFLOW_CONN_", "AIRFLOW_VAR_", "COMPOSE_", "DOCKER_", "BUILDKIT_")


def _patches(value: str) -> str:
    if problem := switch.problem(value, NAMES):
        raise ValueError(problem)
    return value


class Settings(BaseModel):
    """The settings of .env; .env.example describes each key, with its unit."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    bind_address: IPv4
    webserver_port: Port
    flower_port: Port
    postgres_port: Port
    redis_port: Port
    log_server_port: Port
    triggerer_log_port: Port
    scheduler_health_port: Port
    mail_catcher_port: Port

    monitoring: OnOff
    statsd_port: Port
    statsd_exporter_port: Port
    exporter_port: Port
    prometheus_port: Port
    alertmanager_port: Port
    grafana_port: Port
    prometheus_retention: Days
    prometheus_retention_size: Disk
    pagerduty_routing_key: SecretStr
    slack_webhook_url: SecretStr

    workers: Count
    worker_concurrency: Annotated[int, whole(1, 512)]
    worker_queues: Queues
    schedulers: Annotated[int, whole(1, 8)]
    stop_grace_seconds: AtLeastOne

    first_run: FirstRun

    team_commands: TeamCommands
    worker_variable_prefixes: Prefixes

    metadata_retention_days: AtLeastOne
    log_retention_days: AtLeastOne

    mail_to: str
    mail_from: str
    smtp_host: str
    smtp_port: Port
    smtp_user: str
    smtp_password: SecretStr
    smtp_disable_tls: TrueFalse

    admin_user: Name
    admin_password: Password
    flower_user: Name
    flower_password: Password
    monitoring_user: Name
    monitoring_password: HashedPassword

    fernet_key: FernetKey
    jwt_secret: JwtSecret
    api_secret_key: ApiSecret
    session_key: ApiSecret

    postgres_password: Password
    metadata_password: Password
    results_password: Password
    warehouse_loader_password: Password
    warehouse_reader_password: Password
    monitoring_reader_password: Password

    redis_password: Password
    redis_monitoring_password: Password
    mail_catcher_password: Password

    # Changes to Airflow that are applied: on, off, or their names.
    airfleet_patches: Annotated[str, AfterValidator(_patches)] = switch.ON
    # Who Postgres and Redis run as where the embedded stack is root's; empty: nobody.
    run_user: SystemUser = ""
    # Address of the web UI for people; empty: on this machine.
    base_url: WebAddress = ""
    # Address of the runbook that alerts link to; empty: its path in the repository.
    runbook_url: WebAddress = ""
    # Receiver of traces, its headers (which may hold a token), and the share of runs that is traced; empty: no traces.
    otel_exporter_otlp_endpoint: WebAddress = ""
    otel_exporter_otlp_headers: SecretStr = SecretStr("")
    otel_traces_sampler_arg: Share = "0.1"
    # Public half of the backup key; empty: no backups.
    backup_recipient: str = ""

    # Under Docker only.
    airfleet_image: Image = "airfleet:local"
    airflow_uid: Annotated[int, whole(0, 2**31 - 2)] = 50000
    webservers: Annotated[int, whole(1, 8)] = 1
    postgres_memory: Memory = "1g"
    postgres_cpus: Cores = "0"
    redis_memory: Memory = "512m"
    redis_cpus: Cores = "0"
    webserver_memory: Memory = "1g"
    webserver_cpus: Cores = "0"
    scheduler_memory: Memory = "1g"
    scheduler_cpus: Cores = "0"
    dag_processor_memory: Memory = "1g"
    dag_processor_cpus: Cores = "0"
    triggerer_memory: Memory = "1g"
    triggerer_cpus: Cores = "0"
    worker_memory: Memory = "4g"
    worker_cpus: Cores = "0"
    flower_memory: Memory = "512m"
    flower_cpus: Cores = "0"
    heavy_workers: Count = 1
    heavy_queues: Queues = "heavy"
    heavy_concurrency: Annotated[int, whole(1, 512)] = 2
    heavy_memory: Memory = "8g"
    heavy_cpus: Cores = "0"
    prometheus_memory: Memory = "2g"
    grafana_memory: Memory = "512m"
    log_max_size: Memory = "10m"
    log_max_files: AtLeastOne = 5
    metadata_server: HostPort = "postgres:5432"
    metrics_subnet: Network = "172.31.251.0/24"
    metrics_dynamic_range: Network = "172.31.251.128/25"
    statsd_address: IPv4 = "172.31.251.2"
    join_address: IPv4 = "127.0.0.1"
    join_execution_api_port: Port = 8081
    join_broker_port: Port = 6379
    join_postgres_port: Port = 5434
    execution_api_url: WebAddress = ""

    # Servers outside the stack, under Docker only; their addresses hold passwords.
    metadata_url: SecretStr = SecretStr("")
    results_url: SecretStr = SecretStr("")
    warehouse_url: SecretStr = SecretStr("")
    broker_url: SecretStr = SecretStr("")
    builtin_postgres: ZeroOrOne = 1
    builtin_redis: ZeroOrOne = 1

    # Not a key of the file: the keys that worker_variable_prefixes selects.
    worker_variables: dict[str, str] = {}

    @classmethod
    def names(cls) -> set[str]:
        """Return the keys of .env, in lower case."""
        return set(cls.model_fields) - {"worker_variables"}

    @property
    def monitoring_login(self) -> tuple[str, str]:
        """User and password at Prometheus and Alertmanager."""
        return self.monitoring_user, self.monitoring_password.get_secret_value()

    @property
    def uses_mail_catcher(self) -> bool:
        """True while no mail server is named."""
        return not self.smtp_host

    def written(self) -> dict[str, str]:
        """Return every key of .env with its value as the file has it, secrets included."""
        dumped = self.model_dump(include=self.names()).items()
        return {
            name.upper(): value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in dumped
        }

    def secrets(self) -> list[str]:
        """The text of every secret, for code that must not print them."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return [v.get_secret_value() for v in values if isinstance(v, SecretStr) and v.get_secret_value()]


def load(env_file: Path) -> Settings:
    """Return the settings in *env_file*.

    Raises AirfleetError with one problem per bad key, secrets left out.
    """
    if not env_file.is_file():
        raise AirfleetError(f"There is no {env_file.name} in {env_file.parent}. Run ./airfleet init to make one.")
    values = env_lines.read(env_file)
    team = env_lines.variables(values, values.get("WORKER_VARIABLE_PREFIXES", ""))
    given = {name: values[name.upper()] for name in Settings.names() if name.upper() in values}
    return _made(given, str(env_file), worker_variables=team)


def unknown_keys(env_file: Path) -> list[str]:
    """Return a sentence for each key of *env_file* that nothing reads, with the nearest key that something reads."""
    values = env_lines.read(env_file)
    team = (*_OTHERS, *filter(None, values.get("WORKER_VARIABLE_PREFIXES", "").split(",")))
    known = [name.upper() for name in sorted(Settings.names())]
    sentences = []
    for key in values:
        if key not in known and not key.startswith(team):
            near = get_close_matches(key.upper(), known, n=1)
            sentences.append(f"{key} in {env_file} is read by nothing." + (f" Is {near[0]} meant?" if near else ""))
    return sentences


def from_environment() -> Settings:
    """Return the settings in this process's environment, which is how a one-shot role gets .env.

    Raises AirfleetError with one problem per bad key, secrets left out.
    """
    given = {name: os.environ[name.upper()] for name in Settings.names() if name.upper() in os.environ}
    return _made(given, ".env")


def _made(given: Mapping[str, str], where: str, worker_variables: Mapping[str, str] | None = None) -> Settings:
    try:
        return Settings(**given, worker_variables=worker_variables or {})  # type: ignore[arg-type]
    except ValidationError as error:
        raise AirfleetError(*_problems(error), _next_step(where)) from None


def _problems(error: ValidationError) -> list[str]:
    found = []
    for problem in error.errors(include_input=False, include_url=False):
        key = str(problem["loc"][0]).upper()
        if problem["type"] == "missing":
            said = "is missing"
        elif problem["type"] == "value_error":
            said = str(problem["ctx"]["error"])
        else:
            said = f"does not fit: {problem['msg'][0].lower()}{problem['msg'][1:]}"
        found.append(f"{key} {said}.")
    return found


def _next_step(env_file: str) -> str:
    return (
        f"Mend these lines of {env_file} (.env.example describes each key);"
        " ./airfleet init fills in secrets that are empty or missing."
    )
