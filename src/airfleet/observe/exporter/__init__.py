"""A read-only exporter for sources without StatsD: the metadata database, Redis, Celery's workers and the host."""
