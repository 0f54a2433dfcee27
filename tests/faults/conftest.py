"""One small running stack for all faults: two workers of four slots, two schedulers, and no Dag but the workload's."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from support.checkout import Checkout, make, wait_until
from support.faults.fleet import SIZE, Fleet
from support.faults.report import Entry, append
from support.faults.workload import Invariant, Rows, Work

from airfleet.monitoring import build

_REPORTS = pytest.StashKey[pytest.CollectReport]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("faults")
    group.addoption("--report", type=Path, help="JSON file to which what the faults did is added")
    group.addoption("--fleet", type=Path, help="use the stack that runs from this checkout, and leave it running")
    group.addoption(
        "--set", action="append", default=[], metavar="SECTION.OPTION=VALUE", help="a setting of airflow.cfg to try"
    )
    group.addoption("--seed", type=int, help="seed of the random faults; one is drawn and printed by default")
    group.addoption("--random-minutes", type=float, default=30, help="how long random faults strike")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "short: one of the few faults that CI tries")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when == "call":
        item.stash[_REPORTS] = report
    return report


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Fleet]:
    """The running stack."""
    given: Path | None = request.config.getoption("--fleet", None)
    if given:
        yield _prepared(Checkout(given), request)
        return
    checkout = make(tmp_path_factory.mktemp("faults") / "air fleet")
    checkout.set_env(**SIZE)
    try:
        checkout.airfleet("up", "--engine", "embedded")
        yield _prepared(checkout, request)
    finally:
        checkout.airfleet("down", "--timeout", "10", "--volumes", "--yes", check=False)


def _prepared(checkout: Checkout, request: pytest.FixtureRequest) -> Fleet:
    fleet = Fleet.at(checkout)
    if tried := _tried(request):
        fleet.configure(tried, restart=("airflow-",))
    return fleet


def _tried(request: pytest.FixtureRequest) -> dict[str, str]:
    """Return the settings to try instead of the product's own."""
    return dict(setting.split("=", 1) for setting in request.config.getoption("--set", []))


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

    @cache
    def expected(count: int) -> Rows:
        work = Work.start(fleet, count=count, seconds=0)
        outcome = work.wait_until_ended()
        assert outcome.further_tries == 0, "the run without a fault was hit by one"
        (rows,) = work.rows()
        assert rows.count == rows.distinct > 0
        return rows

    return Invariant(fleet, expected)


@pytest.fixture(scope="module")
def watched(fleet: Fleet) -> Iterator[None]:
    """The stack with what watches it; every role starts anew at both ends of this."""
    build.build(build.default_cache())
    fleet.checkout.set_env(MONITORING="on")
    fleet.checkout.airfleet("up", "--engine", "embedded")
    yield
    fleet.checkout.set_env(MONITORING="off")
    fleet.checkout.airfleet("up", "--engine", "embedded")


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Iterator[Callable[..., Entry]]:
    """Names the fault under test; what is filled in goes to the report with the test's result."""
    entries: list[Entry] = []

    def name(number: int, fault: str, **shortened: str) -> Entry:
        entries.append(Entry(str(number), fault, shortened=shortened | _tried(request)))
        return entries[-1]

    yield name
    path: Path | None = request.config.getoption("--report", None)
    report = request.node.stash.get(_REPORTS, None)
    for entry in entries:
        entry.result = "passed" if report is not None and report.passed else "FAILED"
        print(entry)
        if path:
            append(path, entry)
