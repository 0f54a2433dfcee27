"""Tasks that do nothing, one after the other: the time between two of them."""

from airflow.sdk import chain, dag, task

STEPS = 10


@dag(dag_id="bench_chain", schedule=None)  # type: ignore[untyped-decorator]
def in_a_row() -> None:
    """One after the other."""

    @task
    def step() -> None:
        pass

    chain(*(step.override(task_id=f"step_{number}")() for number in range(STEPS)))


in_a_row()
