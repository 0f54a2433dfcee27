"""Traces of the first `up` as a receiver has them: a span for each run and task, with its parent and its outcome."""

import pytest
from support.checkout import wait_until
from support.trace_receiver import Receiver, Span

from airfleet.operate.airflow_api import AirflowApi, DagRun
from airfleet.operate.runs import follow

DAGS = ("weekly_full_pipeline", "daily_quality_check", "refresh_aggregations")


def spans_of(run: DagRun, traced: Receiver, wanted: int) -> dict[str, Span]:
    """The spans of *run* by their names, once there are as many as are *wanted*."""

    def found() -> dict[str, Span] | None:
        by_name = {
            span.name: span
            for span in list(traced.spans)
            if span.attributes.get("airflow.dag_run.run_id") == run.run_id
        }
        return by_name if len(by_name) >= wanted else None

    return wait_until(f"{wanted} spans of {run.dag_id} are there", found, timeout_s=30)


def check(run: DagRun, api: AirflowApi, traced: Receiver) -> dict[str, Span]:
    """Each task of *run* has a span from the webserver, inside the run's, and one from the worker, inside its own."""
    tasks = [task.task_id for task in api.tasks(run)]
    spans = spans_of(run, traced, 1 + 2 * len(tasks))
    root = spans.pop(f"dag_run.{run.dag_id}")
    assert (root.service, root.parent) == ("airflow-scheduler", "")
    assert {span.trace for span in spans.values()} == {root.trace}
    for task_id in tasks:
        told, worked = spans.pop(f"task_run.{task_id}"), spans.pop(f"worker.{task_id}")
        assert (told.service, told.parent) == ("airflow-webserver", root.id)
        assert (worked.service, worked.parent) == ("airflow-worker", told.id)
        spans |= {f"of {task_id}": told}
    return {"run": root, **spans}


@pytest.mark.parametrize("dag_id", DAGS)
def test_every_task_of_a_first_run_has_its_spans_in_the_trace_of_the_run(
    api: AirflowApi, traced: Receiver, dag_id: str, first_up: str
) -> None:
    spans = check(api.runs(dag_id)[-1], api, traced)
    assert not [name for name, span in spans.items() if span.failed]


def test_a_failed_task_and_its_run_are_marked(api: AirflowApi, traced: Receiver) -> None:
    api.unpause("failing_dag")
    run = follow(api, api.trigger("failing_dag", {}), lambda *_: None)
    spans = check(run, api, traced)
    assert {name: span.failed for name, span in spans.items()} == {"run": True, "of breaks": True}
