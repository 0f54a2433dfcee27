"""Flower's Celery configuration: the broker, and the queues to show while no worker reports them.

The variable CELERY_CONFIG_MODULE names it. Flower needs only the broker and the workers, so it does not load Airflow.
"""

import os

from kombu import Queue

broker_url = os.environ["AIRFLOW__CELERY__BROKER_URL"]
_names = os.environ["WORKER_QUEUES"].split(",")
task_default_queue = _names[0]
task_queues = [Queue(name) for name in _names]
