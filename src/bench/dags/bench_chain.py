"""Tasks that do nothing, one after the other: the time between two of them."""

from airflow.sdk import DAG, chain, task

# As many as compare.py's plans run: the longer the chain, the less its first task's start is of it.
LENGTHS = (3, 10)


@task
def step() -> None:
    """Do nothing."""


for length in LENGTHS:
    with DAG(f"bench_chain_{length}", schedule=None):
        chain(*(step.override(task_id=f"step_{number}")() for number in range(length)))
