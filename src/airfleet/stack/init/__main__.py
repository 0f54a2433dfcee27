"""`python -m airfleet.stack.init`: the one-shot role that both engines run before all others.

Reads every key of .env from its environment, and where Postgres and Redis are from POSTGRES_HOST, POSTGRES_PORT,
REDIS_HOST and REDIS_PORT, unless .env names them by URL. Exits 0 when everything is in place, else 1 with a
sentence for each problem.
"""

import os
import sys

from psycopg2.extensions import connection as Connection

from airfleet.config.errors import AirfleetError
from airfleet.config.settings import Settings, from_environment
from airfleet.stack.init import MIGRATING, airflow, outside, postgres, redis
from airfleet.stack.init.rotated import Rotated, queue_again
from airfleet.stack.roles import postgres_dsn, redis_url

_SERVER_TIMEOUT_S = 60.0


def main() -> None:
    """Check, create and migrate; print each step."""
    settings, rotated = from_environment(), Rotated.from_environment()
    outside.check_counts(settings)
    named = outside.databases(settings)
    postgres_at = (os.environ["POSTGRES_HOST"], int(os.environ["POSTGRES_PORT"]))
    redis_at = (os.environ["REDIS_HOST"], int(os.environ["REDIS_PORT"]))
    broker = settings.broker_url.get_secret_value()
    _say("waiting for the databases and the broker")
    if settings.builtin_postgres and not postgres.listens(postgres_at):
        # A server that is being created or started also takes time.
        airflow.load()
    if broker:
        outside.wait_for_broker(broker, _SERVER_TIMEOUT_S)
    else:
        broker = redis_url(settings, redis_at)
        redis.wait_for_server(settings, redis_at, _SERVER_TIMEOUT_S)
    for key, address in named.items():
        outside.wait_for_database(key, address, _SERVER_TIMEOUT_S)
    if settings.builtin_postgres:
        if rotated.postgres_password:
            postgres.replace_superuser_password(settings, rotated.postgres_password, postgres_at, _SERVER_TIMEOUT_S)
        postgres.wait_for_server(settings, postgres_at, _SERVER_TIMEOUT_S)
        with postgres.one_at_a_time(postgres.connect(settings, postgres_at)) as admin:
            _say("creating databases and roles")
            postgres.create_databases(settings, admin)
            postgres.end_sessions(admin, rotated.keys)
            if "METADATA_URL" not in named:
                metadata = postgres_dsn("airflow_metadata", settings.metadata_password, postgres_at, "airflow")
                _set_up_airflow(settings, rotated, admin, metadata, broker)
                postgres.grant_monitoring(settings, postgres_at)
    if "METADATA_URL" in named:
        with postgres.one_at_a_time(airflow.connect(named["METADATA_URL"])) as owner:
            _set_up_airflow(settings, rotated, owner, named["METADATA_URL"], broker)
    _say("done")


def _set_up_airflow(settings: Settings, rotated: Rotated, owner: Connection, address: str, broker: str) -> None:
    """Check the contents of the metadata database at *address*, and migrate it."""
    metadata = airflow.connect(address)
    airflow.check_fernet_key(settings, metadata, earlier=rotated.fernet_key)
    if rotated.voids_messages:
        _say("returning waiting tasks to the scheduler")
        queue_again(settings, metadata, broker)
    # All checks are done here: the embedded stack now starts the roles that do not need the metadata database.
    _say(MIGRATING)
    airflow.migrate(owner, metadata.info.dbname)
    if rotated.fernet_key:
        _say("encrypting connections, variables and triggers with the new key")
        airflow.encrypt_anew(settings, rotated.fernet_key)
    _say("the administrator")
    airflow.ensure_admin(settings, metadata)
    metadata.close()


def _say(step: str) -> None:
    print(f"init: {step}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except AirfleetError as error:
        sys.exit(str(error))
