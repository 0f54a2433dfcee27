"""Tasks that do nothing, all ready at once: what waits in the queue."""

from airflow.sdk import dag, task

# As many as the stock profile's executor takes at a time, [core] parallelism there.
TASKS = 32


@dag(dag_id="bench_wide", schedule=None, max_active_tasks=512)  # type: ignore[untyped-decorator]
def wide() -> None:
    """Side by side."""

    @task
    def nothing() -> None:
        pass

    for number in range(TASKS):
        nothing.override(task_id=f"nothing_{number}")()


wide()
