"""Tasks that are at work while a backup is made."""

import time
from datetime import timedelta

from airflow.sdk import dag, task


@dag(schedule=None)
def busy():
    # A task that was at work when the backup was made is one whose worker is gone.
    @task(retries=3, retry_delay=timedelta(seconds=1))
    def nap(seconds: int) -> dict[str, int]:
        time.sleep(seconds)
        return {"rows": seconds}

    nap.expand(seconds=[1] * 40)


busy()
