"""What runs inside Airflow's and Celery's own processes.

`executor` is the executor that airflow.cfg names, `in_worker` what Celery imports in a worker's main process, `orphans`
and `starting` are listeners, and `early_pages` is a middleware of the webserver; plugins register them. `patches` holds
the changes to code that Airflow and its libraries have no setting, listener or class for.
"""
