"""Check that Redis answers and accepts the passwords of .env."""

import time

import redis
from pydantic import SecretStr

from airfleet.config.errors import AirfleetError
from airfleet.config.settings import Settings

_RETRY_S = 0.5


def wait_for_server(settings: Settings, server: tuple[str, int], timeout_s: float) -> None:
    """Return when both users of Redis can log in.

    Raises AirfleetError at once when a password is refused, and after *timeout_s* when Redis does not answer.
    """
    users = {"airflow": settings.redis_password, "monitoring": settings.redis_monitoring_password}
    deadline = time.monotonic() + timeout_s
    for user, password in users.items():
        while not _answers(user, password, server, deadline):
            time.sleep(_RETRY_S)


def _answers(user: str, password: SecretStr, server: tuple[str, int], deadline: float) -> bool:
    host, port = server
    client = redis.Redis(host, port, username=user, password=password.get_secret_value(), socket_timeout=5)
    try:
        client.ping()
    except redis.AuthenticationError:
        key = "REDIS_PASSWORD" if user == "airflow" else "REDIS_MONITORING_PASSWORD"
        raise AirfleetError(
            f"Redis refuses {key} for its user `{user}`. It was started with another one:"
            " restart it, or put the earlier one back into .env."
        ) from None
    except (redis.ConnectionError, redis.TimeoutError) as error:
        if time.monotonic() > deadline:
            raise AirfleetError(f"Redis at {host}:{port} does not answer: {error}. See its log.") from None
        return False
    finally:
        client.close()
    return True
