"""Where the changes to Airflow are active, and that a stack does its work without any of them."""

import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from support.checkout import Checkout, make, wait_until

from airfleet.config.paths import ROOT
from airfleet.runtime.patches.patch import ROLES
from airfleet.runtime.patches.registry import PATCHES

# Those of init are active while it runs.
LASTING = [patch for patch in PATCHES if set(patch.roles) & set(ROLES)]
TASKS = 60


def states(checkout: Checkout) -> dict[str, dict[str, str]]:
    """Return, by change, what each running process says of it."""
    return {found["name"]: found["processes"] for found in checkout.json("patches")}


def test_every_change_is_active_in_every_process_that_needs_it(checkout: Checkout, first_up: str) -> None:
    found = states(checkout)
    for patch in LASTING:
        roles = {role for role in patch.roles for process in found[patch.name] if process.startswith(role)}
        assert roles == {role for role in patch.roles if role in ROLES}, patch.name
        assert set(found[patch.name].values()) == {"active"}, (patch.name, found[patch.name])
    assert "works without" not in checkout.airfleet("status").stdout


def test_a_role_that_starts_again_reports_again(checkout: Checkout, first_up: str) -> None:
    def scheduler() -> psutil.Process:
        (found,) = (state for state in checkout.json("status") if state["name"] == "airflow-scheduler-1")
        return psutil.Process(found["pid"])

    report = checkout.root / "airflow" / "logs" / ".patches" / "airflow-scheduler-1.json"
    before = scheduler()
    report.write_text("{}")
    before.send_signal(signal.SIGTERM)
    wait_until("the scheduler ends", lambda: not before.is_running(), timeout_s=60)
    checkout.wait_until_healthy()
    assert states(checkout)["polling"] == {"airflow-scheduler-1": "active"}


@pytest.fixture
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A stack of its own with every change off, on which the first Dags have run."""
    made = make(tmp_path_factory.mktemp("unchanged") / "air fleet")
    made.set_env(AIRFLEET_PATCHES="off", WORKERS=1)
    made.add_dag("bench_burst", Path(ROOT, "src", "bench", "dags", "bench_burst.py").read_text())
    yield made
    made.destroy()


@pytest.mark.nightly
def test_without_any_change_the_three_dags_and_a_burst_succeed_at_their_first_try(unchanged: Checkout) -> None:
    said = unchanged.airfleet("up").stdout
    assert "60,495" in said
    burst = unchanged.json("run", "bench_burst", "--conf", f'{{"tasks": {TASKS}}}')
    assert burst["run"]["state"] == "success"
    assert len(burst["tasks"]) == TASKS + 1
    assert {task["tries"] for task in burst["tasks"]} == {1}
    found = states(unchanged)
    assert all(found[patch.name] for patch in LASTING)
    assert {state for patch in LASTING for state in found[patch.name].values()} == {"started with AIRFLEET_PATCHES=off"}
    # Nobody asked for them.
    assert "works without" not in unchanged.airfleet("status").stdout
