"""The settings of one deployment, read once from .env."""

import base64
import binascii
import os
import re
from pathlib import Path
from typing import Annotated

from dotenv import dotenv_values
from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from airfleet.config.errors import AirfleetError
from airfleet.runtime.patches import switch
from airfleet.runtime.patches.registry import NAMES

_PLACEHOLDERS = re.compile(r"(?i)change|replace|example|placeholder|password|secret|todo|xxx|<.*>")
_URL_SAFE = re.compile(r"[A-Za-z0-9._~=-]+")
_FERNET_BYTES = 32
_JWT_BYTES = 64
_API_SECRET_BYTES = 32
_PASSWORD_CHARACTERS = 12
# bcrypt hashes only this many bytes of a password.
_HASHED_CHARACTERS = 72


def _secret(minimum: int, unit: str, maximum: int | None = None) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if not text:
            raise ValueError("is empty")
        if _PLACEHOLDERS.search(text):
            raise ValueError("is a placeholder, not a secret")
        if len(text.encode()) < minimum:
            raise ValueError(f"has {len(text.encode())} {unit}, and needs at least {minimum}")
        if maximum and len(text.encode()) > maximum:
            raise ValueError(f"has {len(text.encode())} {unit}, and may have {maximum} at most")
        if not _URL_SAFE.fullmatch(text):
            raise ValueError("has characters other than letters, digits and . _ ~ = -")
        return value

    return AfterValidator(check)


def _fernet(value: SecretStr) -> SecretStr:
    try:
        size = len(base64.urlsafe_b64decode(value.get_secret_value()))
    except (binascii.Error, ValueError):
        size = 0
    if size != _FERNET_BYTES:
        raise ValueError("is not a Fernet key (32 bytes in URL-safe base64)")
    return value


Password = Annotated[SecretStr, _secret(_PASSWORD_CHARACTERS, "characters")]
HashedPassword = Annotated[SecretStr, _secret(_PASSWORD_CHARACTERS, "characters", _HASHED_CHARACTERS)]
JwtSecret = Annotated[SecretStr, _secret(_JWT_BYTES, "bytes")]
ApiSecret = Annotated[SecretStr, _secret(_API_SECRET_BYTES, "bytes")]
FernetKey = Annotated[SecretStr, AfterValidator(_fernet)]
Port = Annotated[int, Field(ge=1, le=65535)]
Count = Annotated[int, Field(ge=1, le=64)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._@-]+$")]


def _patches(value: str) -> str:
    if problem := switch.problem(value, NAMES):
        raise ValueError(problem)
    return value


class Settings(BaseSettings):
    """The settings of .env; .env.example describes each key, with its unit."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_file_encoding="utf-8")

    bind_address: str
    webserver_port: Port
    flower_port: Port
    postgres_port: Port
    redis_port: Port
    log_server_port: Port
    triggerer_log_port: Port
    scheduler_health_port: Port
    mail_catcher_port: Port

    monitoring: bool
    statsd_port: Port
    statsd_exporter_port: Port
    exporter_port: Port
    prometheus_port: Port
    alertmanager_port: Port
    grafana_port: Port
    prometheus_retention: Annotated[str, Field(pattern=r"^[1-9]\d*[hdwy]$")]
    prometheus_retention_size: Annotated[str, Field(pattern=r"^[1-9]\d*[MG]B$")]
    pagerduty_routing_key: SecretStr
    slack_webhook_url: SecretStr

    workers: Count
    worker_concurrency: Annotated[int, Field(ge=1, le=512)]
    worker_queues: Annotated[str, Field(pattern=r"^[\w.-]+(,[\w.-]+)*$")]
    schedulers: Annotated[int, Field(ge=1, le=8)]
    stop_grace_seconds: Annotated[int, Field(ge=1)]

    first_run: Annotated[str, Field(pattern=r"^(|[\w.]*:[\w.-]+(,[\w.-]+)*)$")]

    team_commands: Annotated[str, Field(pattern=r"^(|[\w-]+=[\w.]+(,[\w-]+=[\w.]+)*)$")]
    worker_variable_prefixes: Annotated[str, Field(pattern=r"^(|\w+(,\w+)*)$")]

    metadata_retention_days: Annotated[int, Field(ge=1)]
    log_retention_days: Annotated[int, Field(ge=1)]

    mail_to: str
    mail_from: str
    smtp_host: str
    smtp_port: Port
    smtp_user: str
    smtp_password: SecretStr
    smtp_disable_tls: bool

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
    run_user: Annotated[str, Field(pattern=r"^(|[A-Za-z_][A-Za-z0-9_.-]*)$")] = ""
    # Address of the web UI for people; empty: on this machine.
    base_url: Annotated[str, Field(pattern=r"^(|https?://\S+)$")] = ""
    # Public half of the backup key; empty: no backups.
    backup_recipient: str = ""

    # Ports for workers on other machines, under Docker only.
    join_execution_api_port: Port = 8081
    join_broker_port: Port = 6379
    join_postgres_port: Port = 5434

    # Servers outside the stack, under Docker only; their addresses hold passwords.
    metadata_url: SecretStr = SecretStr("")
    results_url: SecretStr = SecretStr("")
    warehouse_url: SecretStr = SecretStr("")
    broker_url: SecretStr = SecretStr("")
    builtin_postgres: Annotated[int, Field(ge=0, le=1)] = 1
    builtin_redis: Annotated[int, Field(ge=0, le=1)] = 1

    # Not a key of the file: the keys that worker_variable_prefixes selects.
    worker_variables: dict[str, str] = {}

    @field_validator("bind_address")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        parts = value.split(".")
        if len(parts) != 4 or not all(p.isdigit() and int(p) < 256 for p in parts):  # noqa: PLR2004
            raise ValueError("is not an IPv4 address")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the file only: a variable of the shell must not change a running stack."""
        return (init_settings, dotenv_settings)

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
    try:
        return Settings(_env_file=env_file, worker_variables=_passed_on(env_file))  # type: ignore[call-arg]
    except ValidationError as error:
        raise AirfleetError(*_problems(error), _next_step(str(env_file))) from None
    except UnicodeDecodeError:
        raise AirfleetError(f"{env_file} is not UTF-8 text. Save it as UTF-8 and run again.") from None


def _passed_on(env_file: Path) -> dict[str, str]:
    values = dotenv_values(env_file, interpolate=False)
    prefixes = tuple(filter(None, (values.get("WORKER_VARIABLE_PREFIXES") or "").split(",")))
    return {key: value for key, value in values.items() if value and prefixes and key.startswith(prefixes)}


def from_environment() -> Settings:
    """Return the settings in this process's environment, which is how a one-shot role gets .env.

    Raises AirfleetError with one problem per bad key, secrets left out.
    """
    given = {name: os.environ[name.upper()] for name in Settings.names() if name.upper() in os.environ}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise AirfleetError(*_problems(error), _next_step(".env")) from None


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
