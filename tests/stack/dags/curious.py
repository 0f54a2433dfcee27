"""Each task tries to reach what a worker has no business with, and fails if it gets there; one prints all it has."""

import logging
import os

import psycopg2
from airflow.sdk import Connection, dag, task

# A Dag file that prints, in a worker too, before any task has begun.
print("at import:", *os.environ.items(), sep="\n")


@dag(schedule=None)
def curious():
    @task.bash
    def renders_a_secret() -> str:
        return "echo in a field: $AIRFLOW_CONN_WAREHOUSE {{ conn.warehouse.password }}; env"

    @task
    def prints_all_it_holds() -> dict[str, int]:
        from airflow.configuration import conf

        print("in a task:", *os.environ.items(), sep="\n")
        print(conf.get("celery", "broker_url"), conf.get("core", "fernet_key"))
        try:
            int("in an error: " + os.environ["AIRFLOW__CELERY__RESULT_BACKEND"])
        except ValueError:
            logging.getLogger(__name__).exception("with a traceback")
        return {"rows": 0}

    @task
    def reads_the_metadata_through_airflow() -> dict[str, int]:
        try:
            from airflow.settings import Session
            from sqlalchemy import text

            Session().execute(text("SELECT count(*) FROM dag_run"))
        except Exception as refused:
            print("refused:", refused)
            return {"rows": 0}
        raise AssertionError("a task has read the metadata database")

    @task
    def reads_the_metadata_with_the_warehouses_login() -> dict[str, int]:
        warehouse = Connection.get("warehouse")
        try:
            psycopg2.connect(
                host=warehouse.host,
                port=warehouse.port,
                user=warehouse.login,
                password=warehouse.password,
                dbname="airflow",
            )
        except psycopg2.OperationalError as refused:
            print("refused:", refused)
            return {"rows": 0}
        raise AssertionError("the warehouse's login opens the metadata database")

    @task
    def finds_secrets_in_its_environment() -> dict[str, int]:
        names = ("JWT_SECRET", "METADATA_PASSWORD", "POSTGRES_PASSWORD", "ADMIN_PASSWORD", "FLOWER_PASSWORD")
        found = [key for key in os.environ if key.endswith(names)]
        assert not found, found
        return {"rows": 0}

    renders_a_secret()
    prints_all_it_holds()
    reads_the_metadata_through_airflow()
    reads_the_metadata_with_the_warehouses_login()
    finds_secrets_in_its_environment()


curious()
