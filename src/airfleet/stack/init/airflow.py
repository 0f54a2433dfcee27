"""Airflow's own part: its tables, its administrator, and whether its key still fits what it encrypted."""

import importlib
import os
from importlib.metadata import version

import psycopg2
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from werkzeug.security import check_password_hash

from airfleet.config.errors import AirfleetError
from airfleet.config.settings import Settings

_FAB = "airflow.providers.fab.auth_manager"
_MODULES = (
    "airflow.cli.cli_parser",
    "airflow.cli.commands.db_command",
    f"{_FAB}.cli_commands.sync_perm_command",
    f"{_FAB}.cli_commands.user_command",
    f"{_FAB}.models.db",
    f"{_FAB}.security_manager.override",
)
# The packages that bring tables of their own.
_MIGRATING = ("apache-airflow-core", "apache-airflow-providers-fab")


def _airflow(*arguments: str) -> None:
    """Run an `airflow` command in this process: a command line would show passwords to everyone's `ps`."""
    from airflow.cli import cli_parser

    parsed = cli_parser.get_parser().parse_args(arguments)
    parsed.func(parsed)


def load() -> None:
    """Import what migrating an empty database and making the administrator need, ahead of time."""
    for module in _MODULES:
        importlib.import_module(module)
    import_all_models = importlib.import_module("airflow.models").import_all_models
    import_all_models()


def migrate(admin: Connection, database: str) -> None:
    """Bring the metadata *database* to the installed version."""
    wanted = "airfleet: migrated for " + ", ".join(f"{name} {version(name)}" for name in _MIGRATING)
    with admin.cursor() as cursor:
        cursor.execute("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", (database,))
        row = cursor.fetchone()
        if row and row[0] == wanted:
            return
        _airflow("db", "migrate")
        # The webserver does not (update_fab_perms): what roles may do only changes with the installed version.
        _airflow("sync-perm")
        comment = sql.SQL("COMMENT ON DATABASE {} IS {}")
        cursor.execute(comment.format(sql.Identifier(database), sql.Literal(wanted)))


def encrypt_anew(settings: Settings, earlier: str) -> None:
    """Encrypt with FERNET_KEY whatever the *earlier* key encrypted: all of it, or none where it fails.

    No role may be at work that knows only one of the keys.
    """
    # The first of them encrypts; each of them decrypts.
    os.environ["AIRFLOW__CORE__FERNET_KEY"] = f"{settings.fernet_key.get_secret_value()},{earlier}"
    # A trigger's row may hold plain text: airfleet.runtime.patches.changes.plain_triggers.
    _airflow("rotate-fernet-key")


def check_fernet_key(settings: Settings, metadata: Connection, *, earlier: str = "") -> None:
    """Raise AirfleetError when stored connections or variables cannot be read with FERNET_KEY; none are, unmigrated.

    What an *earlier* key reads is fine as well, while it is replaced.
    """
    key = MultiFernet([Fernet(each) for each in (settings.fernet_key.get_secret_value(), earlier) if each])
    unreadable: list[str] = []
    with metadata.cursor() as cursor:
        cursor.execute("SELECT to_regclass('connection') IS NULL OR to_regclass('variable') IS NULL")
        if cursor.fetchone() == (True,):
            return
        cursor.execute(
            "SELECT 'connection ' || conn_id, coalesce(password, extra) FROM connection"
            " WHERE (is_encrypted AND password <> '') OR (is_extra_encrypted AND extra <> '')"
            " UNION ALL SELECT 'variable ' || key, val FROM variable WHERE is_encrypted ORDER BY 1"
        )
        for name, token in cursor.fetchall():
            try:
                key.decrypt(token.encode())
            except InvalidToken:
                unreadable.append(name)
    if unreadable:
        raise AirfleetError(
            f"FERNET_KEY does not open what is stored: {', '.join(unreadable[:5])}"
            f"{' and more' if len(unreadable) > 5 else ''}. Put the earlier key back into .env, or delete these"  # noqa: PLR2004
            " with it and enter them again."
        )


def ensure_admin(settings: Settings, metadata: Connection) -> None:
    """Make the administrator, or give it the password of .env."""
    user, password = settings.admin_user, settings.admin_password.get_secret_value()
    with metadata.cursor() as cursor:
        cursor.execute("SELECT password FROM ab_user WHERE username = %s", (user,))
        row = cursor.fetchone()
    if row and check_password_hash(row[0], password):
        return
    if row:
        _airflow("users", "reset-password", "--username", user, "--password", password)
    else:
        names = ["--firstname", "Air", "--lastname", "Fleet", "--email", settings.mail_to]
        login = ["--username", user, "--role", "Admin", "--password", password]
        _airflow("users", "create", *login, *names)


def connect(dsn: str) -> Connection:
    """Open a connection to the metadata database, in autocommit."""
    opened = psycopg2.connect(dsn, connect_timeout=5, application_name="airfleet-init")
    opened.autocommit = True
    return opened
