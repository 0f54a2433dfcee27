"""Tasks that last until the test has seen enough: `{"count": 8, "gate": "/a/file/that/ends/them"}`."""

import time
from pathlib import Path

from airflow.sdk import dag, get_current_context, task


@dag(schedule=None)
def held():
    @task
    def numbers() -> list[int]:
        return list(range(get_current_context()["dag_run"].conf["count"]))

    @task(retries=2)
    def wait(number: int) -> int:
        while not Path(get_current_context()["dag_run"].conf["gate"]).exists():
            time.sleep(0.2)
        return number

    wait.expand(number=numbers())


held()
