"""Speed and cost of this deployment, measured beside Airflow with the official compose file's settings."""
