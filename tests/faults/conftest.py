"""One small running stack for all faults: two workers of four slots, two schedulers, and no Dag but the workload's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.checkout import Checkout, make, wait_until
from support.faults.fleet import SIZE, Fleet
from support.faults.recording import tried
from support.faults.workload import Invariant

from airfleet.observe.servers import build


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("faults")
    group.addoption("--fleet", type=Path, help="use the stack that runs from this checkout, and leave it running")
    group.addoption(
        "--set", action="append", default=[], metavar="SECTION.OPTION=VALUE", help="a setting of airflow.cfg to try"
    )
    group.addoption("--patches", default="on", help="the stack's AIRFLEET_PATCHES, as off for an unchanged Airflow")
    group.addoption("--seed", type=int, help="seed of the random faults; one is drawn and printed by default")
    group.addoption("--random-minutes", type=float, default=30, help="how long random faults strike")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "short: one of the few faults that CI tries; the others are nightly's")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and not item.get_closest_marker("short"):
            item.add_marker("nightly")


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Fleet]:
    """The running stack."""
    given: Path | None = request.config.getoption("--fleet", None)
    if given:
        yield _prepared(Checkout(given), request)
        return
    checkout = make(tmp_path_factory.mktemp("faults") / "air fleet")
    checkout.set_env(**SIZE, AIRFLEET_PATCHES=request.config.getoption("--patches"))
    try:
        checkout.airfleet("up", "--engine", "embedded")
        yield _prepared(checkout, request)
    finally:
        checkout.destroy()


def _prepared(checkout: Checkout, request: pytest.FixtureRequest) -> Fleet:
    fleet = Fleet.at(checkout)
    if settings := tried(request.config):
        fleet.configure(settings, restart=("airflow-",))
    return fleet


@pytest.fixture(autouse=True)
def whole(fleet: Fleet) -> Iterator[None]:
    """Each test finds every process healthy and no work left, however the one before it ended."""
    for name in [state.name for state in fleet.stack.manager.states() if not state.pid]:
        fleet.start(name)
    fleet.wait_until_healthy()
    wait_until(
        "the work of an earlier test ends",
        lambda: not fleet.rows("SELECT 1 FROM dag_run WHERE state IN ('queued', 'running')"),
        timeout_s=900,
    )
    yield
    for name in [state.name for state in fleet.stack.manager.states() if not state.pid]:
        fleet.start(name)


@pytest.fixture(scope="session")
def invariant(fleet: Fleet) -> Invariant:
    """What must hold after every fault."""
    return Invariant(fleet)


@pytest.fixture(scope="module")
def watched(fleet: Fleet) -> Iterator[None]:
    """The stack with what watches it; every role starts anew at both ends of this."""
    build.build(build.default_cache())
    fleet.checkout.set_env(MONITORING="on")
    fleet.checkout.airfleet("up", "--engine", "embedded")
    yield
    fleet.checkout.set_env(MONITORING="off")
    fleet.checkout.airfleet("up", "--engine", "embedded")
