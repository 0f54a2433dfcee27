"""Tasks that only wait: how many run at once is limited by slots alone, not by cores."""

from airflow.sdk import dag, task


@dag(dag_id="bench_wait", schedule=None, max_active_tasks=512, params={"tasks": 64, "seconds": 20})  # type: ignore[untyped-decorator]
def wait() -> None:
    """Fan out."""

    @task
    def numbers(params: dict[str, int]) -> list[int]:
        return list(range(params["tasks"]))

    @task
    def sleep(number: int, params: dict[str, int]) -> None:
        import time

        time.sleep(params["seconds"])

    sleep.expand(number=numbers())


wait()
