"""A long suite of tests in parts: what has passed is kept at once, and is not run again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.checkout import ROOT

from bench.evidence import KEY, Suite, read, state

SUITE = Suite("slow", "make slow", "slow.json", ("source.py", "tests"), tests=("tests",), marker="nightly")
# Registers the suite above in a repository of its own, as support.suite_run does with those of bench.suites.
CONFTEST = """
from pathlib import Path
from bench.evidence import Keeper, Suite
from support.suite_run import Run

def pytest_configure(config):
    suite = Suite("slow", "", "slow.json", ("source.py", "tests"), tests=("tests",), marker="nightly")
    config.pluginmanager.register(Run(suite, Keeper(suite, Path(__file__).parents[1]), config))
"""
TESTS = """
from pathlib import Path
import pytest
ROOT = Path(__file__).parents[1]

@pytest.mark.nightly
@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_slow(name):
    with (ROOT / "ran.txt").open("a") as ran:
        ran.write(name)
    happens = ROOT / f"{name}.txt"
    if happens.exists():
        exec(happens.read_text())

def test_quick():
    raise AssertionError("CI runs this one")
"""


class Slow:
    """A repository with three slow tests, each of which does what a file of its name says."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "tests").mkdir()
        (root / "tests/conftest.py").write_text(CONFTEST)
        (root / "tests/test_slow.py").write_text(TESTS)
        (root / "pytest.ini").write_text("[pytest]\naddopts = -p support.suite_run\nmarkers = nightly: slow\n")
        (root / "source.py").write_text("as it was\n")
        for command in (["init", "--quiet"], ["add", "."]):
            subprocess.run(["git", *command], cwd=root, check=True)

    def let(self, name: str, happen: str) -> None:
        """Make the test *name* do this."""
        (self.root / f"{name}.txt").write_text(happen)

    def run(self, *options: str) -> tuple[int, str, str]:
        """Return exit status, output and the names of the tests that ran."""
        ran = self.root / "ran.txt"
        ran.write_text("")
        environment = os.environ | {
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        command = [sys.executable, "-P", "-m", "pytest", "--import-mode=importlib", "tests", *options]
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr, ran.read_text()


@pytest.fixture
def slow(tmp_path: Path) -> Slow:
    return Slow(tmp_path)


def test_an_interrupted_run_loses_nothing_that_had_ended(slow: Slow) -> None:
    slow.let("b", "raise KeyboardInterrupt")
    status, said, ran = slow.run()
    assert status != 0 and ran == "ab", said
    found = state(SUITE, slow.root)
    assert (found.state, found.done, found.parts) == ("in parts", 1, 3)


def test_a_resumed_run_runs_only_what_is_missing(slow: Slow) -> None:
    slow.let("b", "raise KeyboardInterrupt")
    slow.run()
    slow.let("b", "")
    status, said, ran = slow.run()
    assert (status, ran) == (0, "bc"), said
    assert state(SUITE, slow.root).state == "fresh"
    status, said, ran = slow.run()
    assert (status, ran) == (0, ""), said
    assert "3 tests left out" in said
    assert slow.run("--again")[2] == "abc"


def test_a_changed_source_makes_all_of_it_run_again(slow: Slow) -> None:
    slow.run()
    (slow.root / "source.py").write_text("changed\n")
    assert slow.run()[2] == "abc"


def test_a_test_that_failed_is_kept_and_run_again(slow: Slow) -> None:
    slow.let("b", "raise AssertionError")
    status, said, ran = slow.run()
    assert (status, ran) == (pytest.ExitCode.TESTS_FAILED, "abc"), said
    found = state(SUITE, slow.root)
    assert (found.state, found.failed) == ("failed", ["tests/test_slow.py::test_slow[b]"])
    assert slow.run()[2] == "b"


def test_after_its_minutes_the_run_ends_with_the_test_at_work(slow: Slow) -> None:
    status, said, ran = slow.run("--minutes", "0")
    assert (status, ran) == (0, "a"), said
    assert "0 minutes have passed" in said
    assert slow.run("--minutes", "0")[2] == "b"


def test_some_of_the_tests_alone_do_not_make_it_fresh(slow: Slow) -> None:
    status, said, ran = slow.run("-k", "not b] and not c]")
    assert (status, ran) == (0, "a"), said
    found = state(SUITE, slow.root)
    assert (found.state, found.done, found.parts) == ("in parts", 1, 3)


def test_a_source_that_changes_meanwhile_ends_the_run(slow: Slow) -> None:
    slow.let("b", "(ROOT / 'source.py').write_text('edited')")
    status, said, ran = slow.run()
    assert (status, ran) == (pytest.ExitCode.INTERRUPTED, "ab"), said
    assert "sources changed" in said and "source.py" in said
    entry = read(slow.root / "slow.json")[KEY]["parts"]["tests/test_slow.py::test_slow[b]"]
    assert entry["sources"] == ""


def test_a_suite_is_given_all_of_its_tests() -> None:
    command = [
        sys.executable,
        "-P",
        "-m",
        "pytest",
        "tests/faults/test_broker.py",
        "--suite",
        "faults",
        "--collect-only",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--suite faults is of tests/faults" in done.stderr
