"""The plan of a rotation: new secrets, and the processes that are restarted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from airfleet.config.env_file import GENERATORS
from airfleet.config.errors import AirfleetError
from airfleet.config.settings import Settings
from airfleet.stack.protocol import RotatingStack
from airfleet.stack.roles import WORKER

# Keys of .env with a secret of another system, which can only be changed there.
OUTSIDE = (
    "METADATA_URL",
    "RESULTS_URL",
    "WAREHOUSE_URL",
    "BROKER_URL",
    "SMTP_PASSWORD",
    "SLACK_WEBHOOK_URL",
    "PAGERDUTY_ROUTING_KEY",
    "OTEL_EXPORTER_OTLP_HEADERS",
)
# Running tasks hold tokens that are signed with it.
_IN_TASKS = "JWT_SECRET"


@dataclass(frozen=True)
class Plan:
    """The *keys* that get new values, and for each process to restart, the keys that are the reason."""

    keys: frozenset[str]
    restarts: dict[str, list[str]]

    @property
    def concerns_tasks(self) -> bool:
        """True when running or queued tasks could not continue with the new secrets."""
        return _IN_TASKS in self.keys or any(name.startswith(WORKER.name) for name in self.restarts)


def keys_of(asked: Sequence[str]) -> list[str]:
    """Return the keys to rotate: those *asked* for, or every one. Raises AirfleetError for one that cannot be."""
    unknown = [key for key in asked if key not in GENERATORS]
    if unknown:
        theirs = [key for key in unknown if key in OUTSIDE]
        raise AirfleetError(
            *(f"{key} belongs to a server outside the stack: change it there, then in .env." for key in theirs),
            *(f"{key} is not a secret that can be rotated." for key in unknown if key not in theirs),
            f"These can be: {', '.join(sorted(GENERATORS))}.",
        )
    return list(asked) or list(GENERATORS)


def left_alone(settings: Settings) -> list[str]:
    """Return the keys of .env with a secret of another system."""
    own = [key for key in OUTSIDE if getattr(settings, key.lower()).get_secret_value()]
    return [*own, *sorted(key for key in settings.worker_variables if key.startswith("AIRFLOW_CONN_"))]


def changed(before: Settings, after: Settings) -> frozenset[str]:
    """Return the keys whose generated secrets differ."""
    return frozenset(key for key in GENERATORS if _secret(before, key) != _secret(after, key))


def with_values(settings: Settings, values: dict[str, str]) -> Settings:
    """Return *settings* with new secrets."""
    return settings.model_copy(update={key.lower(): SecretStr(value) for key, value in values.items()})


def make(stack: RotatingStack, keys: Iterable[str], after: Settings) -> Plan:
    """Return the plan for giving *keys* of the running *stack* the values of *after*.

    A process is restarted only when its variables or configuration change.
    """
    running, now = stack.running(), stack.given(stack.settings)
    restarts: dict[str, list[str]] = {}
    for key in keys:
        then = stack.given(with_values(stack.settings, {key: _secret(after, key)}))
        for name in now:
            if name in running and then[name] != now[name]:
                restarts.setdefault(name, []).append(key)
    return Plan(frozenset(keys), restarts)


def _secret(settings: Settings, key: str) -> str:
    value: SecretStr = getattr(settings, key.lower())
    return value.get_secret_value()
