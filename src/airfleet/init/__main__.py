"""`python -m airfleet.init`: the one-shot role that both engines run before all others.

Reads every key of .env from its environment, and where Postgres and Redis are from POSTGRES_HOST, POSTGRES_PORT,
REDIS_HOST and REDIS_PORT. Exits 0 when everything is in place, else 1 with a sentence for each problem.
"""

import os
import sys

from airfleet.errors import AirfleetError
from airfleet.init import airflow, postgres, redis
from airfleet.roles import postgres_dsn
from airfleet.settings import from_environment

_SERVER_TIMEOUT_S = 60.0


def main() -> None:
    """Check, create and migrate; says each step on standard output."""
    settings = from_environment()
    postgres_at = (os.environ["POSTGRES_HOST"], int(os.environ["POSTGRES_PORT"]))
    redis_at = (os.environ["REDIS_HOST"], int(os.environ["REDIS_PORT"]))
    _say("waiting for Postgres and Redis")
    postgres.wait_for_server(settings, postgres_at, _SERVER_TIMEOUT_S)
    redis.wait_for_server(settings, redis_at, _SERVER_TIMEOUT_S)
    with postgres.one_at_a_time(settings, postgres_at) as admin:
        _say("making databases and roles")
        postgres.create_databases(settings, admin)
        _say("migrating the metadata database")
        migrated = airflow.migrate(admin)
        if migrated:
            postgres.grant_monitoring(settings, postgres_at)
        dsn = postgres_dsn("airflow_metadata", settings.metadata_password, postgres_at, "airflow")
        metadata = airflow.connect(dsn)
        _say("checking secrets and the administrator")
        airflow.check_fernet_key(settings, metadata)
        airflow.ensure_admin(settings, metadata)
        metadata.close()
    _say("done")


def _say(step: str) -> None:
    print(f"init: {step}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except AirfleetError as error:
        sys.exit(str(error))
