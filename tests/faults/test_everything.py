"""Everything at once, and anything at any time."""

import os
import random
import signal
import time
from collections.abc import Callable

import pytest
from support.checkout import wait_until
from support.faults.chaos import draw, strike
from support.faults.fleet import Fleet
from support.faults.report import Entry
from support.faults.workload import Invariant, Work

from airfleet.stack.embedded.process_manager import processes

Record = Callable[..., Entry]
HEARTBEAT_TIMEOUT = "scheduler.task_instance_heartbeat_timeout"


def test_up_converges_after_everything_was_killed_at_once(fleet: Fleet, invariant: Invariant, record: Record) -> None:
    entry = record(17, "everything killed -9 at once, then `up`")
    work = Work.start(fleet, seconds=6)
    work.wait_until_in_flight()
    wait_until("a task is at work", work.working, timeout_s=30)
    os.kill(int((fleet.stack.paths.state / "supervisord.pid").read_text()), signal.SIGKILL)
    for process in processes(fleet.stack.paths):
        process.kill()
    killed = time.time()
    fleet.checkout.airfleet("up", "--engine", "embedded")
    entry.recovery_s, entry.recovery_of = fleet.wait_until_healthy() - killed, "until all roles were healthy"
    # What was at work is found by its missing heartbeats; what a worker had only taken, by Redis' visibility timeout.
    outcome = invariant.holds(work, drain_s=400)
    entry.seconds, entry.further_tries = outcome.seconds, outcome.further_tries


@pytest.mark.timeout(4 * 3600)
def test_random_faults_lose_nothing(
    fleet: Fleet, invariant: Invariant, record: Record, request: pytest.FixtureRequest
) -> None:
    seed = request.config.getoption("--seed", None)
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    minutes = request.config.getoption("--random-minutes", 30)
    print(f"random faults: --seed {seed} --random-minutes {minutes}")
    entry = record(18, f"{minutes:g} minutes of random faults, one or two at a time")
    dice = random.Random(seed)  # noqa: S311 - reproducible on purpose
    begun = time.monotonic()
    struck: list[str] = []
    rounds: list[Work] = []
    while time.monotonic() - begun < minutes * 60:
        work = Work.start(fleet)
        rounds.append(work)
        work.wait_until_in_flight(at_least=1)
        faults = draw(dice)
        struck.append("+".join(fault.value for fault in faults))
        print(f"{time.monotonic() - begun:.0f} s: {struck[-1]}")
        strike(fleet, faults, seconds=dice.choice((5, 15, 30)))
        fleet.wait_until_healthy()
        work.wait_until_ended(timeout_s=900)
    outcomes = [invariant.holds(work, drain_s=400) for work in rounds]
    entry.seconds = time.monotonic() - begun
    entry.further_tries = sum(outcome.further_tries for outcome in outcomes)
    entry.notes = f"seed {seed}; {len(struck)} rounds of {rounds[0].count} tasks: {', '.join(struck)}"
