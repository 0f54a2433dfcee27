"""The options with which pytest runs a long suite in parts: what has passed is kept, and not run again.

`pytest TESTS --suite NAME` keeps each test's result in the suite's file as soon as it has ended.
"""

import os
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from support.checkout import ROOT

from bench.evidence import Keeper, Suite
from bench.suites import FAULTS, SUITES

_BY_NAME = {suite.name: suite for suite in SUITES if suite.tests}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("long suites")
    group.addoption("--suite", choices=sorted(_BY_NAME), help="keep results, and leave out the tests that need no run")
    group.addoption("--again", action="store_true", help="leave nothing out")
    group.addoption("--minutes", type=float, default=float("inf"), help="begin no further test after so many minutes")
    group.addoption("--report", type=Path, help="JSON file for all of it; default with --suite: the suites' own")


def pytest_configure(config: pytest.Config) -> None:
    name = config.getoption("--suite")
    if not name:
        return
    suite = _BY_NAME[name]
    given = sorted(os.path.relpath(config.invocation_params.dir / each, ROOT) for each in config.args)
    if given != sorted(suite.tests):
        raise pytest.UsageError(f"--suite {name} is of {' '.join(suite.tests)}: give these, and choose with -k.")
    if config.getoption("--set", None):
        raise pytest.UsageError("Other settings than the product's are no evidence: leave out --suite or --set.")
    config.pluginmanager.register(Run(suite, Keeper(suite, ROOT, config.getoption("--report")), config))


def report_file(config: pytest.Config) -> Path | None:
    """Return the file to which what a fault did is added, if any."""
    given: Path | None = config.getoption("--report")
    return given or (ROOT / FAULTS.file if config.getoption("--suite") else None)


class Run:
    """One run of a suite."""

    def __init__(self, suite: Suite, keeper: Keeper, config: pytest.Config) -> None:
        self.keeper = keeper
        self._suite, self._again, self._minutes = suite, config.getoption("--again"), config.getoption("--minutes")
        self._until = time.monotonic() + self._minutes * 60
        self._reports: list[pytest.TestReport] = []
        self._left_out = 0
        self._late = False

    # Before -k and -m choose: the suite is all of its tests.
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item], config: pytest.Config) -> None:
        marker = self._suite.marker
        of_suite = [item for item in items if not marker or item.get_closest_marker(marker)]
        self.keeper.expect(item.nodeid for item in of_suite)
        names = [item.nodeid for item in of_suite]
        wanted = set(names if self._again else self.keeper.missing(names))
        self._left_out = len(of_suite) - len(wanted)
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in wanted])
        items[:] = [item for item in of_suite if item.nodeid in wanted]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._reports.append(report)

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        reports, self._reports = self._reports, []
        passed = bool(reports) and all(report.passed for report in reports)
        changed = self.keeper.keep(nodeid, passed=passed, seconds=sum(report.duration for report in reports))
        if changed:
            self._session.shouldstop = f"sources changed, so that the last result is of no version: {_some(changed)}"
        elif time.monotonic() > self._until:
            self._late = True
            self._session.shouldstop = f"{self._minutes:g} minutes have passed; run it again for what is missing"

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        nothing_left = session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and self._left_out
        if nothing_left or (self._late and not session.testsfailed):
            session.exitstatus = pytest.ExitCode.OK

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        left_out = f"{self._left_out} tests left out, which passed with these sources"
        terminalreporter.write_line(f"suite {self._suite.name}: {left_out}. Results: {self.keeper.path}")


def _some(names: Iterable[str]) -> str:
    return ", ".join(list(names)[:3])
