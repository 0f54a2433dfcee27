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

{change}
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
# What is called in each of them as it starts.
CHANGE = "from airfleet.upstream import starting; starting.on_starting(Job())"
ROLES = [
    ("airflow.jobs.scheduler_job_runner", "SchedulerJobRunner", "job=Job()", "_do_scheduling(None)"),
    ("airflow.dag_processing.manager", "DagFileProcessorManager", "max_runs=1", "_kill_timed_out_processors()"),
]


@pytest.mark.parametrize(("module", "runner", "given", "begins"), ROLES)
def test_a_role_ends_though_its_handlers_exception_was_ignored(
    module: str, runner: str, given: str, begins: str
) -> None:
    role = {"module": module, "runner": runner, "given": given, "begins": begins}
    assert ask(PROGRAM.format(**role, change=CHANGE)) == "SystemExit 0"
    assert ask(PROGRAM.format(**role, change=""), changed=False) == "SystemExit goes on", (
        "Airflow ends by itself: airfleet.upstream.stopping can go"
    )
