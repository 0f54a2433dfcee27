"""Airflow's scheduler and dag-processor end when they are told to in the callback of a weak reference."""

import pytest
from support.fresh_python import ask

# The loop's own first call follows; without the metadata database it gets no further.
PROGRAM = """
import signal
import sys
import weakref

from airflow.jobs.job import Job
from {module} import {runner}

told = {runner}({given})
ignored = []
sys.unraisablehook = lambda what: ignored.append(what.exc_type.__name__)
signal.signal(signal.SIGTERM, told._exit_gracefully)

something = set()
going = weakref.ref(something, lambda _: signal.raise_signal(signal.SIGTERM))
del something
ended = "goes on"
try:
    told.{begins}
except SystemExit as end:
    ended = end.code
except Exception as error:
    print(error)
print(*ignored, ended)
"""
RUNNERS = [
    (
        "airflow scheduler",
        "airflow.jobs.scheduler_job_runner",
        "SchedulerJobRunner",
        "job=Job()",
        "_do_scheduling(None)",
    ),
    (
        "airflow dag-processor",
        "airflow.dag_processing.manager",
        "DagFileProcessorManager",
        "max_runs=1",
        "_kill_timed_out_processors()",
    ),
]


@pytest.mark.parametrize(("role", "module", "runner", "given", "begins"), RUNNERS)
def test_a_role_ends_though_its_handlers_exception_was_ignored(
    role: str, module: str, runner: str, given: str, begins: str
) -> None:
    program = PROGRAM.format(module=module, runner=runner, given=given, begins=begins)
    assert ask(program, role=role) == "SystemExit 0"
    assert ask(program, role=role, changed=False) == "SystemExit goes on", (
        "Airflow ends by itself: airfleet.runtime.patches.changes.stopping can go"
    )
