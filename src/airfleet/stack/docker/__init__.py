"""The stack under Docker Compose: what its containers run beside Airflow, and how the CLI drives it."""
