"""A read-only look at what StatsD cannot see: the metadata database, Redis, Celery's workers and the host."""
