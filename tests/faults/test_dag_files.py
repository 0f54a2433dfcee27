"""The dag-processor dies, and Dag files do the worst they can; other Dags go on, and the error is shown."""

import time
from collections.abc import Callable, Iterator

import pytest
from support.checkout import wait_until
from support.faults.fleet import Fleet
from support.faults.report import Entry
from support.faults.workload import Invariant, Work

Record = Callable[..., Entry]
# A loop is ended after 50 s ([dag_processor] dag_file_processor_timeout); on a slow machine, a bit later.
SHOWN_WITHIN_S = 180.0
# Airflow parses no file that does not mention both.
HEADER = "# A Dag of Airflow.\n"
BAD = {
    "loops": ("while True:\n    pass\n", "timeout"),
    # Airflow's own time-out is a signal; this file hears none, and is killed.
    "hangs": (
        "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True:\n    pass\n",
        "took longer than",
    ),
    "crashes the interpreter": ("import os\nos.abort()\n", "SIGABRT"),
    # The kernel ends what asks for too much with the same signal; here the machine's memory is spared.
    "eats memory": (
        "import os, signal\nblocks = [bytearray(1 << 20) for _ in range(256)]\nos.kill(os.getpid(), signal.SIGKILL)\n",
        "SIGKILL",
    ),
    "asks for more memory than there is": (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\nblock = bytearray(1 << 31)\n",
        "MemoryError",
    ),
}


@pytest.fixture
def drop_dag(fleet: Fleet) -> Iterator[Callable[[str, str], None]]:
    """Drops Dag files in; takes them away at the end."""
    names: list[str] = []

    def drop(name: str, source: str) -> None:
        names.append(name)
        fleet.checkout.add_dag(name, source)

    yield drop
    for name in names:
        (fleet.stack.paths.dags / f"{name}.py").unlink()
    wait_until("their errors are gone", lambda: not _errors(fleet), timeout_s=SHOWN_WITHIN_S)


def test_bad_dag_files_are_shown_and_stop_nobody_else(
    fleet: Fleet, invariant: Invariant, record: Record, drop_dag: Callable[[str, str], None]
) -> None:
    entry = record(12, f"Dag files, one of which each {', '.join(BAD)}")
    work = Work.start(fleet)
    dropped = time.time()
    for number, (source, _) in enumerate(BAD.values()):
        drop_dag(f"bad_{number}", HEADER + source)
    for number, (what, (_, said)) in enumerate(BAD.items()):

        def is_shown(name: str = f"bad_{number}.py", said: str = said) -> bool:
            return said in _errors(fleet).get(name, "")

        wait_until(f"the error of the file that {what} is shown", is_shown, SHOWN_WITHIN_S)
    entry.recovery_s, entry.recovery_of = time.time() - dropped, "until all errors were shown"
    drop_dag("good", WITHOUT_TASKS)
    with fleet.api() as api:
        wait_until("a new Dag beside them is seen", lambda: api.dag("good"), timeout_s=SHOWN_WITHIN_S)
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    assert outcome.further_tries == 0


def test_a_killed_dag_processor_comes_back_and_sees_new_files(
    fleet: Fleet, invariant: Invariant, record: Record, drop_dag: Callable[[str, str], None]
) -> None:
    entry = record(12, "dag-processor killed -9")
    work = Work.start(fleet)
    work.wait_until_in_flight()
    killed = fleet.kill("airflow-dag-processor")
    drop_dag("good", WITHOUT_TASKS.replace("good", "good_after_the_kill"))
    with fleet.api() as api:
        wait_until("a new Dag is seen", lambda: api.dag("good_after_the_kill"), timeout_s=SHOWN_WITHIN_S)
    entry.recovery_s, entry.recovery_of = time.time() - killed, "until a new Dag was seen"
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    assert outcome.further_tries == 0


WITHOUT_TASKS = """
from airflow.sdk import DAG

with DAG("good", schedule=None, tags=["test"]):
    pass
"""


def _errors(fleet: Fleet) -> dict[str, str]:
    """Return the import errors that the UI shows, by file."""
    return dict(fleet.rows("SELECT filename, stacktrace FROM import_error"))
