"""A change is applied where its sources are the known ones, and else left out with one warning."""

import json
from pathlib import Path

import pytest
from support.fresh_python import ask

from airfleet.config.paths import ROOT

WORKER = "airflow celery worker"
# What a process of a worker has changed: the file of the supervisor's code, and the setting that comes with it.
_SUPERVISOR = """
    import os
    from pathlib import Path
    from airflow.sdk.execution_time import supervisor

    changed = Path(supervisor.WatchedSubprocess._service_subprocess.__code__.co_filename).stem
    print(changed, supervisor.MIN_HEARTBEAT_INTERVAL)
"""
_ALTERED = """
    import io, logging, os, sys
    from airfleet.runtime.patches import registry
    from airfleet.runtime.patches.changes import task_exit

    said = io.StringIO()
    logging.getLogger("airfleet").addHandler(logging.StreamHandler(said))
    {altered}
    from airflow.sdk.execution_time import supervisor
    from airfleet.runtime.patches import hook, reported
    hook.complete()
    print(said.getvalue().count("left out"), supervisor.MIN_HEARTBEAT_INTERVAL, reported._noted["task_exit"])
"""


def test_a_change_and_its_setting_come_together() -> None:
    assert ask(_SUPERVISOR, role=WORKER) == "task_exit 10"
    assert ask(_SUPERVISOR, role=WORKER, patches="off") == "supervisor 5"
    assert ask(_SUPERVISOR, role="airflow triggerer") == "supervisor 5"


def test_an_interpreter_that_imports_nothing_of_airflow_does_not_load_the_registry() -> None:
    loaded = "import sys, json, socket; print([name for name in sys.modules if name.endswith('registry')])"
    assert ask(loaded, role=WORKER) == "[]"


def test_a_source_that_differs_leaves_its_change_out_with_one_warning_and_without_its_setting() -> None:
    altered = "task_exit.PATCH.sources[next(iter(task_exit.PATCH.sources))] = 'other'"
    count, setting, state = ask(_ALTERED.format(altered=altered), role=WORKER).split(" ", 2)
    assert (count, setting) == ("1", "5")
    source = "airflow.sdk.execution_time.supervisor:WatchedSubprocess._service_subprocess"
    assert state == f"{source} differs from the source that it was written for"


def test_a_change_that_fails_leaves_the_module_importable() -> None:
    altered = "object.__setattr__(task_exit.PATCH, 'change', lambda module: 1 / 0)"
    count, _, state = ask(_ALTERED.format(altered=altered), role=WORKER).split(" ", 2)
    assert count == "1"
    assert state.startswith("airflow.sdk.execution_time.supervisor could not be changed: ZeroDivisionError")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("os.environ['AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL'] = '3'", "task_exit 3"),
        (
            "Path(os.environ['AIRFLOW_HOME'], 'airflow.cfg').write_text('[workers]\\nmin_heartbeat_interval = 4')",
            "task_exit 4",
        ),
    ],
)
def test_a_setting_that_somebody_made_stays(given: str, expected: str) -> None:
    program = _SUPERVISOR.replace("from airflow.sdk", f"{given}\n    from airflow.sdk")
    assert ask(program, role=WORKER) == expected


def test_modules_that_were_imported_before_are_changed_where_the_hook_comes_late() -> None:
    late = """
        import sys
        from pathlib import Path
        sys.path.insert(0, {source!r})
        from airflow.sdk.execution_time import supervisor
        from airfleet.runtime.patches import hook
        hook.install()
        print(Path(supervisor.WatchedSubprocess._service_subprocess.__code__.co_filename).stem)
    """
    source = str(ROOT / "src")
    assert ask(late.format(source=source), role=WORKER, changed=False) == "task_exit"


def test_a_role_reports_what_it_changed_and_a_command_does_not() -> None:
    reports = """
        import os
        from pathlib import Path
        from airfleet.runtime.patches import hook, reported
        os.environ["AIRFLEET_INSTANCE"] = "airflow-worker-7"
        hook.wants("preload")
        hook.complete()
        folder = reported.folder(Path(os.environ["AIRFLOW_HOME"]))
        found = {file.name: file.read_text() for file in folder.glob("*")} if folder.exists() else {}
        import json; print(json.dumps(found))
    """
    assert json.loads(ask(reports, role="airflow dags list")) == {}
    (name, text), *others = json.loads(ask(reports, role=WORKER, patches="task_exit,preload,polling")).items()
    assert (name, others) == ("airflow-worker-7.json", [])
    said = json.loads(text)
    assert (said["role"], said["switch"]) == ("airflow-worker", "task_exit,preload,polling")
    # polling is the scheduler's.
    assert said["states"] == {"task_exit": "active", "preload": "active"}


_WITH_LOCAL_SETTINGS = """
    import os, sys
    from pathlib import Path
    import airflow
    from airflow.sdk.execution_time import supervisor
    changed = Path(supervisor.WatchedSubprocess._service_subprocess.__code__.co_filename).stem
    print(sys.customized_by_them, changed, supervisor.MIN_HEARTBEAT_INTERVAL)
"""


@pytest.mark.parametrize("first", ["theirs", "ours"])
def test_another_sitecustomize_neither_silences_the_changes_nor_is_silenced(first: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.customized_by_them = True\n")
    around = {"before": str(tmp_path)} if first == "theirs" else {"after": str(tmp_path)}
    # Airflow loads the project's airflow_local_settings.py, as in a stack.
    settings = str(ROOT / "airflow" / "config")
    assert ask(_WITH_LOCAL_SETTINGS, role=WORKER, settings=settings, **around) == "True task_exit 10"
