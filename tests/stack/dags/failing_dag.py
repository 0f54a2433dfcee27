"""Fails."""

from airflow.sdk import dag, task


@dag(schedule=None)
def failing_dag():
    @task
    def breaks() -> None:
        raise ValueError("planted failure <of a test> & more")

    breaks()


failing_dag()
