"""What Airflow and Celery cannot be told by a setting, so that faults cost no task more than they must.

`executor` is the executor that airflow.cfg names, and `worker` what Celery imports in a worker; `orphans` and
`parsing` are registered as listeners by the plugin airfleet_resilience. tests/unit/airfleet/test_resilience.py says
which behaviour of the installed packages makes each of them necessary, and fails when that is gone.
"""
