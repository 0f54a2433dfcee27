"""Runs that are made old, and one that never ends."""

from airflow.sdk import dag, task


@dag(schedule=None, params={"queue": "default"})
def aging():
    @task
    def works() -> dict[str, int]:
        return {"rows": 1}

    works()


@dag(schedule=None)
def lasting():
    @task(queue="nobody-yet")
    def waits() -> None: ...

    waits()


aging()
lasting()
