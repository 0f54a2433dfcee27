"""Lets a worker wait for a Redis that is full, as it waits for one that is away.

A full Redis refuses what a worker writes when it connects. kombu counts that as the caller's mistake, not as a broken
connection, so the worker leaves, is started again, and leaves again. Celery imports this module in a worker's main
process; `imports` of extra_celery_config in airflow.cfg names it.
"""

from kombu.transport.redis import Transport
from redis.exceptions import OutOfMemoryError

Transport.connection_errors = (*Transport.connection_errors, OutOfMemoryError)
