"""A role is changed as it starts, and a task's process is not."""

import pytest
from support.fresh_python import ask


@pytest.mark.parametrize(
    ("component", "changed"),
    [("Job", "parsing_loop parsing_loop stopping dag_permissions"), ("TaskRunnerMarker", "airflow " * 3 + "airflow")],
)
def test_a_dag_processor_is_changed_as_it_starts_and_a_tasks_process_is_not(component: str, changed: str) -> None:
    started = f"""
        from airflow.dag_processing import collection
        from airflow.dag_processing.manager import DagFileProcessorManager as Manager
        from airfleet.upstream import starting

        class {component}:
            pass

        starting.on_starting({component}())
        changed = [Manager.prepare_file_queue, Manager._service_processor_sockets, Manager._exit_gracefully]
        changed.append(collection._sync_dag_perms)
        print(*(each.__module__.removeprefix("airfleet.upstream.").partition(".")[0] for each in changed))
    """
    assert ask(started) == changed
