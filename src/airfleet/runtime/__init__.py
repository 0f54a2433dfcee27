"""What is loaded into Airflow's own processes: executor, listeners, policies, SLAs, maintenance, changes to Airflow."""
