"""What a container engine does to a stack at work: containers die and are started again, come and go.

What faults of the roles themselves cost is tried by tests/faults, on an embedded stack; the work and what must hold of
it afterwards are the same.
"""

import time
from collections.abc import Iterator

import pytest
from support.checkout import wait_until
from support.deployment import Deployment
from support.faults.containers import Containers
from support.faults.recording import Record
from support.faults.workload import Invariant, Work

SCHEDULER, WORKER = "airflow-scheduler", "airflow-worker"
# By default both are 300: the scheduler gives up a dead worker's task, Redis offers what it had taken to another.
SHORTENED = {
    "scheduler.task_instance_heartbeat_timeout": "30",
    "celery_broker_transport_options.visibility_timeout": "10",
}
# Seconds after which a task whose worker died is found, and run again after the workload's delay; a slow machine.
FOUND_WITHIN_S = 30 + 60 + 5
# Celery looks for messages that nobody acknowledged 10 s after a worker's start, and then every 100 s.
OFFERED_WITHIN_S = 10 + 100 + 10


@pytest.fixture(scope="module")
def containers(stack: Deployment) -> Containers:
    """The running stack, with the workload's Dags."""
    return Containers.of(stack)


@pytest.fixture(scope="module")
def invariant(containers: Containers) -> Invariant:
    """What must hold after every fault."""
    return Invariant(containers)


@pytest.fixture(autouse=True)
def whole(containers: Containers) -> Iterator[None]:
    """Each test leaves every container healthy."""
    yield
    containers.checkout.wait_until_healthy()


@pytest.fixture
def impatient(containers: Containers) -> Iterator[dict[str, str]]:
    """The stack finds a dead worker's tasks and messages after seconds, not minutes."""
    product = _configure(containers, SHORTENED)
    yield SHORTENED
    _configure(containers, product)


def _configure(containers: Containers, changes: dict[str, str]) -> dict[str, str]:
    old = containers.change_settings(changes)
    containers.checkout.compose("restart", SCHEDULER, WORKER)
    containers.checkout.wait_until_healthy()
    return old


def test_a_killed_redis_is_started_again_with_its_messages(
    containers: Containers, invariant: Invariant, record: Record
) -> None:
    entry = record(3, "under Compose: Redis killed -9")
    work = Work.start(containers)
    work.wait_until_in_flight()
    assert containers.messages()["queued"], "no message was in the queue"
    killed = containers.kill(*containers.ids("redis"))
    assert not work.ended(), "the fault came after the work"
    entry.recovery_s, entry.recovery_of = work.first_start_after(killed) - killed, "until a task started"
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    assert outcome.further_tries == 0


def test_tasks_wait_for_a_killed_webserver(containers: Containers, invariant: Invariant, record: Record) -> None:
    entry = record(10, "under Compose: webserver killed -9")
    work = Work.start(containers)
    work.wait_until_in_flight()
    killed = containers.kill(*containers.ids("airflow-webserver"))
    assert not work.ended(), "the fault came after the work"
    entry.recovery_s, entry.recovery_of = work.first_start_after(killed) - killed, "until a task started"
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    assert outcome.further_tries == 0


# Minutes of waiting for time-outs, and two restarts to shorten them. CI tries by other tests that a killed process's
# task is run again, and that the engine starts a container that was killed.
@pytest.mark.nightly
def test_the_tasks_of_a_killed_worker_are_run_again(
    containers: Containers, invariant: Invariant, record: Record, impatient: dict[str, str]
) -> None:
    entry = record(4, "under Compose: one of two workers killed -9", **impatient)
    work = Work.start(containers, seconds=6)
    work.wait_until_in_flight()
    victim = containers.ids(WORKER)[0]
    wait_until("it is in the middle of a task", lambda: victim[:12] in work.hosts().values(), timeout_s=30)
    killed = containers.kill(victim)
    outcome = invariant.holds(work, drain_s=OFFERED_WITHIN_S)
    entry.recovery_s, entry.recovery_of = work.last_further_start() - killed, "until the last of its tasks ran again"
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    assert entry.recovery_s <= FOUND_WITHIN_S
    assert outcome.most_tries == 2
    assert outcome.further_tries <= int(containers.checkout.env()["WORKER_CONCURRENCY"])


def test_workers_go_from_4_to_1_while_tasks_run_and_a_later_up_brings_back_those_of_env(
    containers: Containers, invariant: Invariant, record: Record
) -> None:
    entry = record(7, "under Compose: workers scaled from 4 to 1")
    containers.scale(4)
    work = Work.start(containers, count=48, seconds=8)

    def on_four() -> dict[int, str] | None:
        return hosts if len(set((hosts := work.hosts()).values())) == 4 else None

    running = wait_until("tasks run on four workers", on_four, timeout_s=60)
    asked = time.time()
    with containers.exit_codes(containers.ids(WORKER)) as codes:
        containers.scale(1)
    entry.recovery_s, entry.recovery_of = time.time() - asked, "until three had left"
    assert not work.ended(), "the fault came after the work"
    assert list(codes.values()) == [0, 0, 0]
    # A worker leaves once its tasks have ended.
    (stayed,) = containers.ids(WORKER)
    assert set(work.hosts().values()) == {stayed[:12]}
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    assert outcome.further_tries == 0
    logs = {host: number for number, host in running.items() if not stayed.startswith(host)}
    assert len(logs) == 3
    with containers.api() as api:
        for number in logs.values():
            assert "wrote 10 rows" in api.log(work.runs[0], "write", map_index=number)
    containers.checkout.compose("up", "-d")
    assert len(containers.ids(WORKER)) == int(containers.checkout.env()["WORKERS"])
