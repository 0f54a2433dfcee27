"""Workers, their pool and the tasks' own processes die or leave."""

import os
import signal
import time
from collections.abc import Callable

import psutil
import pytest
from support.checkout import wait_until
from support.faults.fleet import Fleet
from support.faults.report import Entry
from support.faults.workload import Invariant, Work

WORKERS = ("airflow-worker-1", "airflow-worker-2")
# Seconds after which a task whose worker died is found, by default, plus the workload's delay and a slow machine.
FOUND_WITHIN_S = 6 * 60 + 5
Record = Callable[..., Entry]


@pytest.mark.short
def test_a_stopped_worker_ends_its_tasks_and_leaves(fleet: Fleet, invariant: Invariant, record: Record) -> None:
    entry = record(7, "one of two workers stopped")
    work = Work.start(fleet)
    work.wait_until_in_flight()
    _at_work(fleet, work, WORKERS[0])
    asked = time.time()
    fleet.stop(WORKERS[0])
    entry.recovery_s, entry.recovery_of = time.time() - asked, "until it had left"
    assert not work.ended(), "the fault came after the work"
    assert fleet.exit_status(WORKERS[0]) == "exit status 0"
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    assert outcome.further_tries == 0


def test_workers_go_from_4_to_1(fleet: Fleet, invariant: Invariant, record: Record) -> None:
    entry = record(7, "workers scaled from 4 to 1")
    fleet.checkout.airfleet("scale", "airflow-worker=4")
    try:
        work = Work.start(fleet, runs=2)
        work.wait_until_in_flight(at_least=12)
        asked = time.time()
        fleet.checkout.airfleet("scale", "airflow-worker=1")
        entry.recovery_s, entry.recovery_of = time.time() - asked, "until three had left"
        assert not work.ended(), "the fault came after the work"
        assert [fleet.exit_status(f"airflow-worker-{n}") for n in (2, 3, 4)] == ["exit status 0"] * 3
        outcome = invariant.holds(work)
        entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
        assert outcome.further_tries == 0
    finally:
        fleet.checkout.airfleet("scale", "airflow-worker=2")


def test_the_tasks_of_a_killed_worker_are_run_again(fleet: Fleet, invariant: Invariant, record: Record) -> None:
    entry = record(4, "one worker killed -9")
    work = Work.start(fleet, seconds=6)
    work.wait_until_in_flight()
    _at_work(fleet, work, WORKERS[0])
    killed = fleet.kill(WORKERS[0])
    outcome = invariant.holds(work, drain_s=FOUND_WITHIN_S)
    entry.recovery_s, entry.recovery_of = work.last_further_start() - killed, "until the last of its tasks ran again"
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    assert entry.recovery_s <= FOUND_WITHIN_S
    assert outcome.most_tries == 2


@pytest.mark.parametrize("victim", [pytest.param("pool child", marks=pytest.mark.short), "task process"])
def test_a_killed_process_of_a_task_costs_that_task_one_try(
    fleet: Fleet, invariant: Invariant, record: Record, victim: str
) -> None:
    entry = record(5, f"a {victim} killed -9")
    work = Work.start(fleet, seconds=6)
    work.wait_until_in_flight()
    task, (run_id, number) = _at_work(fleet, work, WORKERS[0])
    parent = task.parent()
    assert parent is not None
    killed = fleet.kill_alone(parent.pid if victim == "pool child" else task.pid)
    wait_until("the task's own process is gone", lambda: not _works(task), timeout_s=5)
    outcome = invariant.holds(work, drain_s=FOUND_WITHIN_S)
    entry.recovery_s, entry.recovery_of = work.last_further_start() - killed, "until the task ran again"
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    commits = fleet.rows(
        "SELECT count(*) FROM faults.commits WHERE run_id = %s AND number = %s", run_id, number, database="warehouse"
    )
    assert commits == [(1,)], "the orphan wrote, too"
    assert outcome.further_tries == 1


def test_tasks_killed_for_memory_are_tried_again(fleet: Fleet, invariant: Invariant, record: Record) -> None:
    entry = record(5, "each task killed for memory in its first try")
    count = 8
    work = Work.start(fleet, dag_id="faults_greedy", count=count, seconds=1)
    outcome = invariant.holds(work)
    entry.recovery_s, entry.recovery_of = work.last_further_start() - work.started_at, "until the last ran again"
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    assert outcome.further_tries == count


def test_a_worker_that_hangs_is_not_taken_for_dead_too_soon(fleet: Fleet, invariant: Invariant, record: Record) -> None:
    entry = record(5, "a task's process stopped for 20 s")
    work = Work.start(fleet)
    work.wait_until_in_flight()
    task, _ = _at_work(fleet, work, WORKERS[1])
    os.kill(task.pid, signal.SIGSTOP)
    frozen = time.time()
    wait_until("20 s pass", lambda: time.time() - frozen > 20, timeout_s=30)
    os.kill(task.pid, signal.SIGCONT)
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    assert outcome.further_tries == 0


def _at_work(fleet: Fleet, work: Work, worker: str) -> tuple[psutil.Process, tuple[str, int]]:
    """Return a process of *worker* that has just begun a task of *work*, and that task's run and number.

    Those that are at work already may be about to write; what is done to them could come after it.
    """
    earlier = set(work.working())

    def found() -> tuple[psutil.Process, tuple[str, int]] | None:
        begun = {pid: key for key, pid in work.working().items() if key not in earlier}
        return next(((p, begun[p.pid]) for p in fleet.task_processes(worker) if p.pid in begun), None)

    return wait_until(f"{worker} has just begun a task", found, timeout_s=30)


def _works(process: psutil.Process) -> bool:
    """Return whether *process* is there, and more than an entry that its parent has not read yet."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
