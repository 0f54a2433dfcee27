"""Servers that .env names by URL, in place of the built-in ones: they are checked and not changed.

Their operator creates their databases and users; docs/compose.md lists them.
"""

import time
from collections.abc import Callable

import psycopg2
import redis
from psycopg2.errors import OperationalError

from airfleet.config.errors import AirfleetError
from airfleet.config.settings import Settings

_RETRY_S = 1.0
# Errors that waiting does not resolve.
_FINAL = ("password authentication failed", "does not exist", "certificate", "SSL", "no pg_hba.conf entry")


def databases(settings: Settings) -> dict[str, str]:
    """Return the libpq address of each outside database, by the key of .env that names it."""
    named = {
        "METADATA_URL": settings.metadata_url.get_secret_value(),
        "RESULTS_URL": settings.results_url.get_secret_value(),
        "WAREHOUSE_URL": settings.warehouse_url.get_secret_value(),
    }
    return {key: dsn(url) for key, url in named.items() if url}


def check_counts(settings: Settings) -> None:
    """Raise AirfleetError when a server is neither outside nor built in."""
    problems = []
    missing = [key for key in ("METADATA_URL", "RESULTS_URL", "WAREHOUSE_URL") if key not in databases(settings)]
    if missing and not settings.builtin_postgres:
        problems.append(f"BUILTIN_POSTGRES is 0, but {', '.join(missing)} is empty. Name the database, or set it to 1.")
    if not settings.broker_url.get_secret_value() and not settings.builtin_redis:
        problems.append("BUILTIN_REDIS is 0, but BROKER_URL is empty. Name the broker, or set it to 1.")
    if problems:
        raise AirfleetError(*problems)


def dsn(url: str) -> str:
    """Return *url* for libpq, without Celery's and SQLAlchemy's driver names."""
    scheme, separator, rest = url.partition("://")
    return scheme.removeprefix("db+").partition("+")[0] + separator + rest


def wait_for_database(key: str, address: str, timeout_s: float) -> None:
    """Return when the database answers; raises AirfleetError naming *key*, at once when waiting cannot help."""

    def attempt() -> str | None:
        try:
            psycopg2.connect(address, connect_timeout=5, application_name="airfleet-init").close()
        except OperationalError as error:
            return str(error).strip()
        return None

    _wait(key, attempt, timeout_s)


def wait_for_broker(url: str, timeout_s: float) -> None:
    """Return when the broker answers; raises AirfleetError naming BROKER_URL."""

    def attempt() -> str | None:
        client = redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5)
        try:
            client.ping()
        except redis.AuthenticationError as error:
            return f"password authentication failed: {error}"
        except (redis.ConnectionError, redis.TimeoutError) as error:
            return str(error)
        finally:
            client.close()
        return None

    _wait("BROKER_URL", attempt, timeout_s)


def _wait(key: str, attempt: Callable[[], str | None], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while (said := attempt()) is not None:
        if any(part in said for part in _FINAL) or time.monotonic() > deadline:
            raise AirfleetError(
                f"What {key} in .env names cannot be used: {said}. Correct the address, or the server, and run again."
            )
        time.sleep(_RETRY_S)
