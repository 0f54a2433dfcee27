"""Two tasks for a queue that no worker serves: their messages can be read."""

from airflow.sdk import dag, task


@dag(schedule=None)
def unserved():
    @task(queue="nobody")
    def one() -> None: ...

    @task(queue="nobody")
    def other() -> None: ...

    one(), other()


unserved()
