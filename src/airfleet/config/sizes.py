"""Sizes of a deployment by name: the keys of .env that `./airfleet init --size NAME` sets together.

docs/scaling.md has the measured speed and memory of each.
"""

from collections.abc import Mapping

# Numbers of roles, slots, and memory limits of containers. `server` has the values of .env.example.
SIZES: Mapping[str, Mapping[str, str]] = {
    "laptop": {
        "WORKERS": "1",
        "WORKER_CONCURRENCY": "4",
        "SCHEDULERS": "1",
        "WEBSERVERS": "1",
        "POSTGRES_MEMORY": "512m",
        "REDIS_MEMORY": "256m",
        "WORKER_MEMORY": "2g",
        "PROMETHEUS_MEMORY": "512m",
    },
    "server": {
        "WORKERS": "2",
        "WORKER_CONCURRENCY": "8",
        "SCHEDULERS": "1",
        "WEBSERVERS": "1",
        "POSTGRES_MEMORY": "1g",
        "REDIS_MEMORY": "512m",
        "WORKER_MEMORY": "4g",
        "PROMETHEUS_MEMORY": "2g",
    },
    "large": {
        "WORKERS": "4",
        "WORKER_CONCURRENCY": "16",
        "SCHEDULERS": "2",
        "WEBSERVERS": "2",
        "POSTGRES_MEMORY": "4g",
        "REDIS_MEMORY": "1g",
        "WORKER_MEMORY": "8g",
        "PROMETHEUS_MEMORY": "4g",
    },
}
