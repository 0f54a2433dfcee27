"""A role is changed as it imports what is changed, by its command line; another program is not."""

import pytest
from support.fresh_python import ask

# By the file of its code: functools.wraps gives a wrapper the name and module of what it wraps.
_DAG_PROCESSOR = """
    from pathlib import Path
    from airflow.dag_processing import collection
    from airflow.dag_processing.manager import DagFileProcessorManager as Manager

    changed = [Manager._exit_gracefully, Manager.handle_parsing_result, collection._sync_dag_perms]
    files = [Path(each.__code__.co_filename) for each in changed]
    print(*(file.stem if file.parent.name == "changes" else "airflow" for file in files))
"""


@pytest.mark.parametrize(
    ("role", "patches", "changed"),
    [
        ("airflow dag-processor", "on", "stopping crashed_files dag_permissions"),
        ("airflow dag-processor", "stopping,dag_permissions", "stopping airflow dag_permissions"),
        ("airflow dag-processor", "off", "airflow airflow airflow"),
        ("airflow dags list", "on", "airflow airflow airflow"),
    ],
)
def test_a_dag_processor_is_changed_as_it_is_told_and_another_program_is_not(
    role: str, patches: str, changed: str
) -> None:
    assert ask(_DAG_PROCESSOR, role=role, patches=patches) == changed
