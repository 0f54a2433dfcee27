"""Small changes to Airflow's and Celery's own code, each for a measured gain or a secret kept; nothing else of them is
touched.

`worker` is imported by Celery in a worker's main process (`imports` in airflow.cfg's extra_celery_config), `scheduler`
by the plugin airfleet_scheduler in a scheduler. No other process loads anything from here. A change is left out, with
a warning, when the installed version is not the one that it was measured on; tests/contract/test_upstream.py holds the
functions that are changed to their known source, so that an upgrade has to look at each of them again.
"""
