"""Redis restarts, goes away, dies, comes back empty, or is full."""

import shutil
import signal
import time
from collections.abc import Callable, Iterator

import pytest
from support.checkout import wait_until
from support.faults.fleet import Fleet, away
from support.faults.network import silence
from support.faults.report import Entry
from support.faults.workload import Invariant, Work

Record = Callable[..., Entry]
FULL = 'maxmemory "1mb"\n'
VISIBILITY = "celery_broker_transport_options.visibility_timeout"


def test_workers_consume_again_after_redis_restarted(fleet: Fleet, invariant: Invariant, record: Record) -> None:
    entry = record(1, "Redis restarted")
    work = Work.start(fleet)
    work.wait_until_in_flight()
    fleet.stop("redis")
    back = fleet.start("redis")
    assert not work.ended(), "the fault came after the work"
    entry.recovery_s, entry.recovery_of = work.first_start_after(back) - back, "until a task started"
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    assert entry.recovery_s < 60
    assert outcome.further_tries == 0


def test_tasks_published_while_redis_is_away_wait_for_it(fleet: Fleet, invariant: Invariant, record: Record) -> None:
    entry = record(2, "Redis away 120 s while 50 tasks are published")
    fleet.stop("redis")
    # Each run begins with one task, which can only be published now.
    work = Work.start(fleet, runs=50, count=1, seconds=0)
    away(120, "Redis", lambda: not fleet.listens(fleet.settings.redis_port))
    waiting = fleet.rows("SELECT count(*) FROM task_instance WHERE state = 'queued' AND run_id = ANY(%s)", work.run_ids)
    assert waiting == [(50,)]
    back = fleet.start("redis")
    entry.recovery_s, entry.recovery_of = work.first_start_after(back) - back, "until a task started"
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    assert outcome.further_tries == 0


def test_tasks_published_in_the_moment_redis_goes_away_wait_for_it(
    fleet: Fleet, invariant: Invariant, record: Record
) -> None:
    entry = record(2, "Redis away 60 s from amid the publishing of 100 tasks")
    work = Work.start(fleet, runs=2, count=50)
    wait_until("some are published and some are not", lambda: 0 < work.states()["queued"] < 100, timeout_s=120)
    fleet.stop("redis")
    away(60, "Redis", lambda: not fleet.listens(fleet.settings.redis_port))
    back = fleet.start("redis")
    entry.recovery_s, entry.recovery_of = work.first_start_after(back) - back, "until a task started"
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    assert outcome.further_tries == 0


def test_half_open_connections_to_redis_are_given_up(fleet: Fleet, invariant: Invariant, record: Record) -> None:
    entry = record(2, "every connection to Redis half-open: 30 s of silence in which it restarts")
    work = Work.start(fleet)
    work.wait_until_in_flight()
    with silence(fleet.settings.redis_port):
        # The server forgets its connections, and no client hears of it.
        fleet.kill("redis")
        silent = time.time()
        wait_until("30 s pass", lambda: time.time() - silent > 30, timeout_s=40)
    heard = time.time()
    assert not work.ended(), "the fault came after the work"
    entry.recovery_s, entry.recovery_of = work.first_start_after(heard) - heard, "until a task started"
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    assert entry.recovery_s < 120
    assert outcome.further_tries == 0


def test_a_killed_redis_comes_back_with_its_messages(fleet: Fleet, invariant: Invariant, record: Record) -> None:
    entry = record(3, "Redis killed -9")
    work = Work.start(fleet)
    work.wait_until_in_flight()
    queued = fleet.messages()["queued"]
    assert queued, "no message was in the queue"
    killed = fleet.kill_alone(fleet.pid("redis"), signal.SIGKILL)
    entry.recovery_s, entry.recovery_of = work.first_start_after(killed) - killed, "until a task started"
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    assert outcome.further_tries == 0


@pytest.mark.short
def test_tasks_whose_messages_redis_forgot_are_queued_again(fleet: Fleet, invariant: Invariant, record: Record) -> None:
    entry = record(3, "Redis comes back empty (as after FLUSHALL)")
    work = Work.start(fleet)
    work.wait_until_in_flight()
    lost = fleet.messages()["queued"]
    assert lost, "no message was in the queue"
    fleet.stop("redis")
    shutil.rmtree(fleet.stack.paths.servers / "redis" / "appendonlydir")
    back = fleet.start("redis")
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    entry.recovery_s, entry.recovery_of = work.first_queued_again_after(back) - back, "until a lost task was queued"
    entry.notes = f"{lost} messages lost"
    assert entry.recovery_s < 120
    assert outcome.further_tries == 0


@pytest.fixture
def short_visibility(fleet: Fleet) -> Iterator[str]:
    """Redis offers a task to another worker after seconds, not minutes."""
    short = "10"
    old = fleet.configure({VISIBILITY: short}, restart=("airflow-worker", "airflow-scheduler"))
    yield short
    fleet.configure(old, restart=("airflow-worker", "airflow-scheduler"))


def test_a_task_longer_than_the_visibility_timeout_runs_once(
    fleet: Fleet, invariant: Invariant, record: Record, short_visibility: str
) -> None:
    # A worker looks for what is overdue every 100 s (kombu's restore_visible: each tenth of its turns of 10 s).
    seconds = 130
    entry = record(6, f"tasks of {seconds} s, visibility timeout of 10 s", **{VISIBILITY: short_visibility})
    sizes = {name: fleet.log_size(name) for name in fleet.names("airflow-worker")}
    # Fewer than slots: the others take what is offered again.
    work = Work.start(fleet, count=4, seconds=seconds)
    outcome = invariant.holds(work)
    refused = sum(fleet.logged_since(name, size).count("ignoring redelivered message") for name, size in sizes.items())
    assert refused, "no task was offered again"
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    entry.notes = f"offered again {refused} times"
    assert work.executions() == 4
    assert outcome.further_tries == 0


@pytest.fixture
def full_redis(fleet: Fleet) -> Iterator[Callable[[], None]]:
    """Gives Redis less memory than it needs already, when called."""
    config = fleet.stack.paths.server_configuration / "redis.conf"
    plain = config.read_text()

    def fill() -> None:
        config.write_text(plain + FULL)
        fleet.stop("redis")
        fleet.start("redis")

    yield fill
    if config.read_text() != plain:
        config.write_text(plain)
        fleet.stop("redis")
        fleet.start("redis")


def test_a_full_redis_is_loud_and_loses_nothing(
    fleet: Fleet, invariant: Invariant, record: Record, full_redis: Callable[[], None]
) -> None:
    entry = record(13, "Redis at maxmemory for 60 s")
    work = Work.start(fleet)
    work.wait_until_in_flight()
    workers = {name: fleet.pid(name) for name in fleet.names("airflow-worker")}
    sizes = {name: fleet.log_size(name) for name in fleet.names("airflow-")}
    full_redis()
    full = time.time()
    wait_until("60 s pass", lambda: time.time() - full > 60, timeout_s=70)
    said = [name for name, size in sizes.items() if "not allowed when used memory" in fleet.logged_since(name, size)]
    assert said, "nobody said that Redis is full"
    config = fleet.stack.paths.server_configuration / "redis.conf"
    config.write_text(config.read_text().replace(FULL, ""))
    fleet.stop("redis")
    back = fleet.start("redis")
    assert not work.ended(), "the fault came after the work"
    entry.recovery_s, entry.recovery_of = work.first_start_after(back) - back, "until a task started"
    outcome = invariant.holds(work)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries
    entry.notes = f"said by {', '.join(said)}"
    assert {name: fleet.pid(name) for name in workers} == workers, "a worker died of it"
    assert outcome.further_tries == 0
