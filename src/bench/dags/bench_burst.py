"""Tasks that do nothing, as many at once as `tasks` of the run's configuration says: the cost of running a task."""

from airflow.sdk import dag, task


@dag(dag_id="bench_burst", schedule=None, max_active_tasks=512, params={"tasks": 200})  # type: ignore[untyped-decorator]
def burst() -> None:
    """Fan out."""

    @task
    def numbers(params: dict[str, int]) -> list[int]:
        return list(range(params["tasks"]))

    @task
    def nothing(number: int) -> None:
        pass

    nothing.expand(number=numbers())


burst()
