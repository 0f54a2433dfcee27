"""What init is told when secrets of .env were replaced: which ones, and what it needs to take their places.

Only a rotation sets these variables. What is done with them comes to the same when it is done again.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from psycopg2.extensions import connection as Connection

from airfleet.celery_client import CeleryClient
from airfleet.config.settings import Settings

KEYS, POSTGRES_PASSWORD, FERNET_KEY = "ROTATED", "EARLIER_POSTGRES_PASSWORD", "EARLIER_FERNET_KEY"
# Signs the token in each task's message.
_SIGNS_MESSAGES = "JWT_SECRET"


@dataclass(frozen=True)
class Rotated:
    """The keys of .env whose values are new, with the earlier values that are still needed; empty where none is."""

    keys: frozenset[str] = frozenset()
    postgres_password: str = ""
    fernet_key: str = ""

    @classmethod
    def between(cls, before: Settings, keys: frozenset[str]) -> "Rotated":
        """Return what init needs after *keys* were replaced in *before*."""
        return cls(
            keys,
            before.postgres_password.get_secret_value() if "POSTGRES_PASSWORD" in keys else "",
            before.fernet_key.get_secret_value() if "FERNET_KEY" in keys else "",
        )

    @classmethod
    def from_environment(cls) -> "Rotated":
        """Return what this process was told."""
        keys = frozenset(filter(None, os.environ.get(KEYS, "").split(",")))
        return cls(keys, os.environ.get(POSTGRES_PASSWORD, ""), os.environ.get(FERNET_KEY, ""))

    def variables(self) -> Mapping[str, str]:
        """Return the variables that tell it."""
        told = {KEYS: ",".join(sorted(self.keys)), POSTGRES_PASSWORD: self.postgres_password}
        return {key: value for key, value in (told | {FERNET_KEY: self.fernet_key}).items() if value}

    @property
    def voids_messages(self) -> bool:
        """True when no worker can use a message that was published before."""
        return _SIGNS_MESSAGES in self.keys


NOTHING_ROTATED = Rotated()


def queue_again(settings: Settings, metadata: Connection, broker_url: str) -> None:
    """Give what waits in the broker back to the scheduler, which publishes it anew; uses up no try.

    Neither a scheduler nor a worker may be at work: what is queued is then in no one's hands.
    """
    with metadata.cursor() as cursor:
        cursor.execute("SELECT to_regclass('task_instance') IS NULL OR to_regclass('callback') IS NULL")
        if cursor.fetchone() == (True,):
            return
        cursor.execute("SELECT DISTINCT queue FROM task_instance WHERE state = 'queued'")
        queues = {name for (name,) in cursor.fetchall()} | set(settings.worker_queues.split(","))
        # As src/airfleet/runtime/executor.py does with a task whose message the broker lost.
        cursor.execute(
            "UPDATE task_instance SET state = 'scheduled', queued_dttm = NULL, queued_by_job_id = NULL,"
            " scheduled_dttm = now() WHERE state = 'queued'"
        )
        cursor.execute("UPDATE callback SET state = 'pending' WHERE state = 'queued' AND type = 'executor'")
    with CeleryClient(broker_url) as client:
        client.forget(queues)
