"""Print the Celery workers that answer, as JSON: `python -m airfleet.stack.docker.celery_workers`.

Run where the broker is reachable.
"""

import json
import os
import sys
from dataclasses import asdict

from airfleet.celery_client import CeleryClient

if __name__ == "__main__":
    with CeleryClient(os.environ["AIRFLOW__CELERY__BROKER_URL"]) as client:
        json.dump([asdict(worker) for worker in client.workers()], sys.stdout)
