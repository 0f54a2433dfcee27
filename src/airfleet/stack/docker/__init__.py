"""The stack under Docker Compose: programs of its containers besides Airflow, and their control by the CLI."""
