"""Each role gets its own secrets, and they open nothing else."""

from collections.abc import Callable

import httpx
import psutil
import psycopg2
import pytest
import redis
from psycopg2.extensions import connection as Connection
from supervisor.options import ServerOptions
from support.checkout import Checkout

from airfleet.config.settings import Settings

Connect = Callable[..., Connection]

DATABASES = ("airflow", "airflow_results", "warehouse", "postgres")
MAY_CONNECT = {
    "airflow_metadata": {"airflow"},
    "airflow_results": {"airflow_results"},
    "warehouse_loader": {"warehouse"},
    "warehouse_reader": {"warehouse"},
    "monitoring_reader": {"airflow"},
}
# Keys of .env that may stand in the environment of a role's processes.
MAY_KNOW = {
    "airflow-webserver": {"METADATA_PASSWORD", "FERNET_KEY", "JWT_SECRET", "API_SECRET_KEY", "SESSION_KEY"},
    "airflow-scheduler-1": {
        "METADATA_PASSWORD",
        "RESULTS_PASSWORD",
        "REDIS_PASSWORD",
        "FERNET_KEY",
        "JWT_SECRET",
        "API_SECRET_KEY",
    },
    "airflow-dag-processor": {"METADATA_PASSWORD", "FERNET_KEY", "MAIL_CATCHER_PASSWORD"},
    "airflow-triggerer": {"METADATA_PASSWORD", "FERNET_KEY", "API_SECRET_KEY", "MAIL_CATCHER_PASSWORD"},
    "airflow-worker-1": {
        "RESULTS_PASSWORD",
        "REDIS_PASSWORD",
        "FERNET_KEY",
        "API_SECRET_KEY",
        "WAREHOUSE_LOADER_PASSWORD",
        "MAIL_CATCHER_PASSWORD",
    },
    "flower": {"REDIS_PASSWORD", "FLOWER_PASSWORD"},
    "log-server": {"API_SECRET_KEY"},
    "mail": {"MAIL_CATCHER_PASSWORD"},
    "postgres": set(),
    "redis": set(),
}


@pytest.mark.parametrize("role", MAY_CONNECT)
def test_a_database_role_connects_to_its_own_database_only(connect: Connect, role: str) -> None:
    for database in DATABASES:
        if database in MAY_CONNECT[role]:
            connect(role, database)
        else:
            with pytest.raises(psycopg2.OperationalError):
                connect(role, database)


@pytest.mark.parametrize("role", [*MAY_CONNECT, "postgres"])
def test_a_wrong_or_empty_password_is_refused(connect: Connect, role: str) -> None:
    for password in ("wrong", ""):
        with pytest.raises(psycopg2.OperationalError):
            connect(role, "airflow", password)


def test_no_role_but_inits_is_superuser_or_makes_roles(connect: Connect) -> None:
    with connect("postgres", "postgres").cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolcanlogin AND (rolsuper OR rolcreaterole OR rolcreatedb)")
        assert cursor.fetchall() == [("postgres",)]


def test_the_monitoring_role_reads_task_states_and_no_secrets(connect: Connect) -> None:
    with connect("monitoring_reader", "airflow").cursor() as cursor:
        cursor.execute("SELECT count(*) FROM task_instance")
        for table in ("connection", "variable", "ab_user", "xcom", "session", "trigger", "dag_code", "dag_run", "log"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(f"SELECT * FROM {table}")
        with pytest.raises((psycopg2.errors.InsufficientPrivilege, psycopg2.errors.ReadOnlySqlTransaction)):
            cursor.execute("DELETE FROM task_instance")


def test_the_warehouse_reader_changes_nothing(connect: Connect) -> None:
    with connect("warehouse_reader", "warehouse").cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("DELETE FROM marts.daily_sales")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("CREATE TABLE public.intruder (id int)")


@pytest.mark.parametrize(
    "command",
    [
        ("FLUSHALL",),
        ("FLUSHDB",),
        ("CONFIG", "GET", "*"),
        ("SHUTDOWN",),
        ("KEYS", "*"),
        ("BGREWRITEAOF",),
        ("ACL", "LIST"),
        ("REPLICAOF", "NO", "ONE"),
        ("MODULE", "LIST"),
        ("SCRIPT", "FLUSH"),
    ],
)
def test_celerys_redis_user_is_denied_dangerous_commands(
    settings: Settings, first_up: str, command: tuple[str, ...]
) -> None:
    client = redis.Redis(
        port=settings.redis_port, username="airflow", password=settings.redis_password.get_secret_value()
    )
    assert client.ping()
    with pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command(*command)


def test_redis_lets_nobody_in_without_a_password_and_monitoring_only_read(settings: Settings, first_up: str) -> None:
    for user in (None, "default", "airflow", "monitoring", "root"):
        for password in (None, "", "wrong"):
            with pytest.raises(redis.exceptions.AuthenticationError):
                redis.Redis(port=settings.redis_port, username=user, password=password).ping()
    monitoring = redis.Redis(
        port=settings.redis_port,
        username="monitoring",
        password=settings.redis_monitoring_password.get_secret_value(),
    )
    assert monitoring.llen("default") >= 0
    for command in (("LPUSH", "default", "x"), ("DEL", "default"), ("GET", "default")):
        with pytest.raises(redis.exceptions.NoPermissionError):
            monitoring.execute_command(*command)


def test_the_rest_api_needs_the_administrators_password(settings: Settings, first_up: str) -> None:
    base = f"http://127.0.0.1:{settings.webserver_port}"
    assert httpx.get(f"{base}/api/v2/dags").status_code == httpx.codes.UNAUTHORIZED
    for password in ("admin", "airflow", "wrong"):
        answer = httpx.post(f"{base}/auth/token", json={"username": "admin", "password": password})
        assert answer.status_code == httpx.codes.UNAUTHORIZED, password


def test_each_process_has_the_secrets_of_its_role_and_no_others(
    checkout: Checkout, settings: Settings, first_up: str
) -> None:
    env = checkout.env()
    secrets = {key: value for key, value in env.items() if value in settings.secrets()}
    pids = {state["name"]: state["pid"] for state in checkout.json("status")}
    started_with = _started_with(checkout)
    for name, allowed in MAY_KNOW.items():
        # Webserver and workers set a title of their own over the place where the kernel shows their environment.
        environment = psutil.Process(pids[name]).environ()
        has = " ".join([*environment.values(), *started_with[name].values()])
        assert {key for key, value in secrets.items() if value in has} == allowed, name


def test_no_secret_stands_in_a_process_list_or_a_log_of_a_role_or_a_task(
    checkout: Checkout, settings: Settings, first_up: str
) -> None:
    commands = [" ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])]
    roles = list((checkout.root / ".airfleet" / "logs").glob("*.log"))
    tasks = list((checkout.root / "airflow" / "logs").glob("dag_id=*/**/*.log"))
    assert roles
    assert tasks
    logs = {str(path): path.read_text(errors="replace") for path in (*roles, *tasks)}
    for secret in settings.secrets():
        assert not [command for command in commands if secret in command]
        assert not [name for name, log in logs.items() if secret in log]


def _started_with(checkout: Checkout) -> dict[str, dict[str, str]]:
    """Return the variables that the process manager gives to each program, as it reads them itself."""
    options = ServerOptions()
    options.realize(["-c", str(checkout.root / ".airfleet" / "supervisord.conf"), "-n"])
    programs = [process for group in options.process_group_configs for process in group.process_configs]
    return {program.name: program.environment for program in programs}
