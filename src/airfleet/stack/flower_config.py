"""Flower's Celery configuration: the broker, and the queues to show while no worker tells of them.

The variable CELERY_CONFIG_MODULE names it. Flower asks the broker and the workers, and nothing of Airflow, which it
therefore does not load.
"""

import os

from kombu import Queue

broker_url = os.environ["AIRFLOW__CELERY__BROKER_URL"]
_names = os.environ["WORKER_QUEUES"].split(",")
task_default_queue = _names[0]
task_queues = [Queue(name) for name in _names]
