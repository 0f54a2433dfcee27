"""Every login and signature that a secret of .env is good for, tried at a running stack."""

import hmac
import smtplib
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import psycopg2
import redis
from cryptography.fernet import Fernet, InvalidToken

from airfleet.runtime.maintenance.web_page import PREFIX

# A webserver that has just started on a busy machine takes its time; connections end with it, so none is kept.
HTTP = httpx.Client(timeout=60, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
ROLES = {
    "POSTGRES_PASSWORD": ("postgres", "postgres"),
    "METADATA_PASSWORD": ("airflow_metadata", "airflow"),
    "RESULTS_PASSWORD": ("airflow_results", "airflow_results"),
    "WAREHOUSE_LOADER_PASSWORD": ("warehouse_loader", "warehouse"),
    "WAREHOUSE_READER_PASSWORD": ("warehouse_reader", "warehouse"),
    "MONITORING_READER_PASSWORD": ("monitoring_reader", "airflow"),
}
ENCRYPTED = """
SELECT 'connection', password FROM connection WHERE is_encrypted UNION ALL
SELECT 'variable', val FROM variable WHERE is_encrypted UNION ALL
SELECT 'trigger', kwargs FROM trigger WHERE kwargs NOT LIKE '{%'
"""


def opened(tried: dict[str, str], now: dict[str, str], session: str) -> dict[str, bool]:
    """Return for each secret of *tried*, a whole .env, whether it opens something on the stack whose .env is *now*.

    *session* is the token of a login that was made under *tried*.
    """
    base = f"http://127.0.0.1:{now['WEBSERVER_PORT']}"

    def api_secret() -> bool:
        token = jwt.encode({"aud": PREFIX, "exp": time.time() + 60}, tried["API_SECRET_KEY"], algorithm="HS512")
        headers = {"Authorization": f"Bearer {token}"}
        return HTTP.post(f"{base}{PREFIX}/database", params={"dry_run": True}, headers=headers).is_success

    doors: dict[str, Callable[[], bool]] = {
        "ADMIN_PASSWORD": lambda: bool(token(tried)),
        "FLOWER_PASSWORD": lambda: (
            HTTP.get(
                f"http://127.0.0.1:{now['FLOWER_PORT']}/", auth=(tried["FLOWER_USER"], tried["FLOWER_PASSWORD"])
            ).is_success
        ),
        "JWT_SECRET": lambda: (
            HTTP.get(f"{base}/api/v2/dags", headers={"Authorization": f"Bearer {session}"}).is_success
        ),
        "API_SECRET_KEY": api_secret,
        "SESSION_KEY": lambda: remembers(base, tried["SESSION_KEY"]),
        "FERNET_KEY": lambda: all(_decrypts(tried["FERNET_KEY"], text) for _, text in encrypted(now)),
        "REDIS_PASSWORD": lambda: _redis(now, "airflow", tried["REDIS_PASSWORD"]),
        "REDIS_MONITORING_PASSWORD": lambda: _redis(now, "monitoring", tried["REDIS_MONITORING_PASSWORD"]),
        "MAIL_CATCHER_PASSWORD": lambda: _mail(now, tried["MAIL_CATCHER_PASSWORD"]),
    }
    for key in ROLES:
        doors[key] = lambda key=key: _postgres(now, key, tried[key])  # type: ignore[misc]
    return {key: door() for key, door in doors.items()}


def token(env: dict[str, str]) -> str:
    """Return the token of a login as the administrator; empty when it is refused."""
    login = {"username": env["ADMIN_USER"], "password": env["ADMIN_PASSWORD"]}
    answer = HTTP.post(f"http://127.0.0.1:{env['WEBSERVER_PORT']}/auth/token", json=login)
    return str(answer.json()["access_token"]) if answer.is_success else ""


def remembers(base: str, key: str) -> bool:
    """Return whether the webserver at *base* takes a cookie for the administrator that *key* signed as a login."""
    cookie = f"1|{hmac.new(key.encode(), b'1', 'sha512').hexdigest()}"
    return HTTP.get(f"{base}/auth/users/list/", headers={"Cookie": f"remember_token={cookie}"}).is_success


def encrypted(env: dict[str, str]) -> list[tuple[str, str]]:
    """Return what the Fernet key encrypted, each with its kind."""
    found: list[tuple[str, str]] = rows(env, ENCRYPTED)
    return found


def rows(env: dict[str, str], sql: str, *values: object) -> list[Any]:
    """Return what *sql* selects from the metadata database."""
    connection = _connect(env, "METADATA_PASSWORD", env["METADATA_PASSWORD"])
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchall()
    finally:
        connection.close()


def _connect(env: dict[str, str], key: str, password: str) -> Any:
    user, database = ROLES[key]
    return psycopg2.connect(
        host="127.0.0.1", port=env["POSTGRES_PORT"], user=user, password=password, dbname=database, connect_timeout=10
    )


def _postgres(env: dict[str, str], key: str, password: str) -> bool:
    try:
        _connect(env, key, password).close()
    except psycopg2.OperationalError as error:
        assert "password authentication failed" in str(error), error
        return False
    return True


def _redis(env: dict[str, str], user: str, password: str) -> bool:
    with redis.Redis(port=int(env["REDIS_PORT"]), username=user, password=password, socket_timeout=10) as client:
        try:
            return bool(client.ping())
        except redis.AuthenticationError:
            return False


def _mail(env: dict[str, str], password: str) -> bool:
    with smtplib.SMTP("127.0.0.1", int(env["MAIL_CATCHER_PORT"]), timeout=10) as client:
        try:
            client.login("airflow", password)
        except smtplib.SMTPAuthenticationError:
            return False
        return True


def _decrypts(key: str, text: str) -> bool:
    try:
        Fernet(key).decrypt(text.encode())
    except InvalidToken:
        return False
    return True
