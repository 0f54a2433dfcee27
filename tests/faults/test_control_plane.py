"""The webserver, schedulers, triggerer and Postgres die or go away."""

import time
from collections.abc import Callable

import pytest
from support.checkout import wait_until
from support.faults.fleet import Fleet, away
from support.faults.report import Entry
from support.faults.workload import Invariant, Work

Record = Callable[..., Entry]
SCHEDULERS = ("airflow-scheduler-1", "airflow-scheduler-2")


@pytest.mark.parametrize("seconds", [pytest.param(20, marks=pytest.mark.short), 60, 240])
def test_tasks_outlive_an_absence_of_the_webserver(
    fleet: Fleet, invariant: Invariant, record: Record, seconds: int
) -> None:
    entry = record(10, f"webserver (Execution API) away {seconds} s")
    work = Work.start(fleet)
    work.wait_until_in_flight()
    fleet.kill("airflow-webserver")
    fleet.stop("airflow-webserver")
    away(seconds, "the webserver", lambda: not fleet.listens(fleet.settings.webserver_port))
    back = fleet.start("airflow-webserver")
    assert not work.ended(), "the fault came after the work"
    entry.recovery_s, entry.recovery_of = work.first_start_after(back) - back, "from its start to the next task's"
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    if seconds <= 60:
        assert outcome.further_tries == 0


@pytest.mark.parametrize(
    "victims",
    [pytest.param(SCHEDULERS[:1], id="one"), pytest.param(SCHEDULERS, id="both", marks=pytest.mark.short)],
)
def test_killed_schedulers_run_nothing_twice(
    fleet: Fleet, invariant: Invariant, record: Record, victims: tuple[str, ...]
) -> None:
    entry = record(8, f"{len(victims)} of 2 schedulers killed -9")
    work = Work.start(fleet, runs=2)
    work.wait_until_in_flight(at_least=4)
    killed = max(fleet.kill(name) for name in victims)
    entry.recovery_s, entry.recovery_of = work.first_start_after(killed) - killed, "until a task started"
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    assert outcome.further_tries == 0
    assert work.executions() == work.count * len(work.runs), "a task was executed twice"
    assert entry.recovery_s < 100


def test_tasks_of_a_killed_scheduler_that_stays_away_are_adopted(
    fleet: Fleet, invariant: Invariant, record: Record
) -> None:
    entry = record(8, "the scheduler that queued all tasks killed -9, and not back")
    first, other = SCHEDULERS
    fleet.stop(other)
    work = Work.start(fleet, seconds=20)
    work.wait_until_in_flight(done=0)
    fleet.start(other)
    fleet.wait_until_healthy()
    size = fleet.log_size(other)
    killed = fleet.kill(first)
    fleet.stop(first)
    assert not work.ended(), "the fault came after the work"
    wait_until(
        "the other scheduler adopts the tasks",
        lambda: "Adopted the following" in fleet.logged_since(other, size),
        timeout_s=120,
    )
    entry.recovery_s, entry.recovery_of = time.time() - killed, "until they were adopted"
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    assert entry.recovery_s < 100
    assert outcome.further_tries == 0
    assert work.executions() == work.count, "a task was executed twice"


@pytest.mark.parametrize("seconds", [0, 60])
def test_every_role_comes_back_after_postgres(fleet: Fleet, invariant: Invariant, record: Record, seconds: int) -> None:
    entry = record(9, f"Postgres away {seconds} s" if seconds else "Postgres restarted")
    work = Work.start(fleet)
    work.wait_until_in_flight()
    fleet.stop("postgres")
    away(seconds, "Postgres", lambda: not fleet.listens(fleet.settings.postgres_port))
    back = fleet.start("postgres")
    assert not work.ended(), "the fault came after the work"
    entry.recovery_s = fleet.wait_until_healthy(timeout_s=120) - back
    entry.recovery_of = "until all roles were healthy"
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries


def test_deferred_tasks_resume_after_the_triggerer_was_killed(
    fleet: Fleet, invariant: Invariant, record: Record
) -> None:
    entry = record(11, "triggerer killed -9")
    work = Work.start(fleet, dag_id="faults_deferred", seconds=20)
    work.wait_until_in_flight(at_least=20, done=0, state="deferred")
    deferred = work.states()["deferred"]
    killed = fleet.kill("airflow-triggerer")
    assert deferred >= 20
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    entry.recovery_s, entry.recovery_of = _last_end(fleet, work) - killed, "until the last had resumed, 20 s of it due"
    assert entry.recovery_s <= 20 + 60
    assert outcome.further_tries == 0


def _last_end(fleet: Fleet, work: Work) -> float:
    found = fleet.rows(
        "SELECT extract(epoch FROM max(end_date))::float8 FROM task_instance WHERE dag_id = %s AND run_id = ANY(%s)",
        work.dag_id,
        work.run_ids,
    )
    return float(found[0][0])
