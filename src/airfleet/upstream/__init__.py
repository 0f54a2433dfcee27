"""Small changes to the code of Airflow, and of Celery, FastAPI and SQLAlchemy under it, each for a measured gain or a
secret kept; nothing else of them is touched.

`imports` changes modules as any process imports them (sitecustomize), `worker` is imported by Celery in a worker's main
process (`imports` in airflow.cfg's extra_celery_config), `starting` is called by Airflow when a scheduler,
dag-processor or triggerer starts (the plugin airfleet_roles), and `triggers` by init when a key is replaced. A change
for a gain is left out, with a warning, when the installed version is not the one that it was measured on;
tests/contract/test_upstream.py holds the functions that are changed to their known source, so that an upgrade has to
look at each of them again.
"""
