"""`python -m airfleet.stack.docker.job_health JOB_TYPE`: health check of a process without HTTP.

Exits 0 when this container's own heartbeat in the metadata database is recent. Imports neither Airflow nor SQLAlchemy:
a check that runs each minute must not cost seconds.
"""

import os
import socket
import sys
from pathlib import Path

import psycopg2

# Airflow's processes write one every 5 s; its own pages call them unhealthy after 30 s.
_MAX_AGE_S = 30.0
_QUERY = Path(__file__).with_name("job_heartbeat.sql")


def heartbeat_age_s(job_type: str, dsn: str) -> float | None:
    """Return the age of this host's newest heartbeat as *job_type*, in seconds; None when there is none."""
    connection = psycopg2.connect(dsn, connect_timeout=5, application_name="airfleet-health")
    try:
        with connection.cursor() as cursor:
            cursor.execute(_QUERY.read_text(), {"job_type": job_type, "hostname": socket.getfqdn()})
            row = cursor.fetchone()
            return row[0] if row else None
    finally:
        connection.close()


def main() -> None:
    """Check, and print the result: Docker keeps the last lines."""
    job_type = sys.argv[1]
    # A libpq address has no SQLAlchemy driver name.
    dsn = os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("postgresql+psycopg2://", "postgresql://", 1)
    try:
        age = heartbeat_age_s(job_type, dsn)
    except psycopg2.OperationalError as error:
        sys.exit(f"The metadata database does not answer: {error}")
    if age is None or age > _MAX_AGE_S:
        sys.exit(f"{job_type}: {'no heartbeat yet' if age is None else f'last heartbeat {age:.0f} s ago'}.")
    print(f"{job_type}: heartbeat {age:.0f} s ago.")


if __name__ == "__main__":
    main()
