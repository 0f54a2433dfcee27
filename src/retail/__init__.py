"""The shop's pipelines: plain Python and SQL over a warehouse, without Airflow."""
