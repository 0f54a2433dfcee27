"""The fixture with which a test of a fault says what it tried and measured."""

from collections.abc import Callable, Iterator

import pytest
from support.faults.report import Entry, append
from support.suite_run import report_file

_REPORTS = pytest.StashKey[pytest.CollectReport]()
Record = Callable[..., Entry]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when == "call":
        item.stash[_REPORTS] = report
    return report


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Iterator[Record]:
    """Names the fault under test; what is filled in goes to the report with the test's result."""
    entries: list[Entry] = []

    def name(number: int, fault: str, **shortened: str) -> Entry:
        entries.append(Entry(str(number), fault, shortened=shortened | tried(request.config)))
        return entries[-1]

    yield name
    path = report_file(request.config)
    report = request.node.stash.get(_REPORTS, None)
    for entry in entries:
        entry.result = "passed" if report is not None and report.passed else "FAILED"
        print(entry)
        if path:
            append(path, entry)


def tried(config: pytest.Config) -> dict[str, str]:
    """Return the settings to try instead of the product's own."""
    return dict(setting.split("=", 1) for setting in config.getoption("--set", []))
