"""How fast this deployment is and what it costs, measured beside Airflow's official compose file."""
