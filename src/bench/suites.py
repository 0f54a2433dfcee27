"""The long suites, and `python -m bench.suites [--json] [--strict]`: what is known of each, and if it still holds."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.config.sizes import SIZES
from airfleet.runtime.patches.patch import SAFETY
from airfleet.runtime.patches.registry import PATCHES
from bench.evidence import State, Suite, state

# How many changed files a line names.
_NAMED = 3
_DAY = len("2026-11-28")

# What an embedded stack is made of, but for what none of these suites runs.
_STACK = (
    ".env.example",
    "airfleet",
    "airflow/config",
    "airflow/plugins",
    "airflow/requirements.lock",
    "deploy/postgres",
    "deploy/redis",
    "requirements/embedded.lock",
    "src/airfleet",
    "src/sitecustomize.py",
    ":(exclude)src/airfleet/observe/boards",
    ":(exclude)src/airfleet/operate/backup",
    ":(exclude)src/airfleet/operate/join.py",
    ":(exclude)src/airfleet/operate/rotate",
    ":(exclude)src/airfleet/operate/upgrade",
    ":(exclude)src/airfleet/stack/docker",
)
# The bench, but for what only shows or keeps its figures. The Compose file has the health checks that are measured.
_BENCH = (
    *_STACK,
    "docker-compose.celery.yml",
    "src/bench",
    ":(exclude)src/bench/evidence.py",
    ":(exclude)src/bench/performance_page.py",
    ":(exclude)src/bench/scaling.*",
    ":(exclude)src/bench/shop.py",
    ":(exclude)src/bench/sizing.py",
    ":(exclude)src/bench/suites.py",
)
_FIGURES = "docs/performance.json"

COMPARE = "compare"
FAULTS = Suite(
    "faults",
    "make faults",
    "docs/reliability.json",
    (
        *_STACK,
        "monitoring/prometheus",
        "monitoring/statsd",
        "requirements/go.lock",
        "tests/faults",
        "tests/support/checkout.py",
        "tests/support/faults",
    ),
    tests=("tests/faults",),
)
# These are about the whole product.
_NIGHTLY = (
    ".env.example",
    "airfleet",
    "airflow",
    "deploy",
    "docker-compose.*.yml",
    "monitoring",
    "requirements",
    "src",
    "tests/conftest.py",
    "tests/support",
    ":(exclude)src/bench",
)
NIGHTLY = (
    Suite(
        "nightly",
        "make nightly",
        "docs/nightly.json",
        (*_NIGHTLY, "tests/stack", "tests/monitoring", ":(exclude)tests/support/faults"),
        tests=("tests/stack", "tests/monitoring"),
        marker="nightly",
    ),
    Suite(
        "nightly-docker",
        "make nightly",
        "docs/nightly-docker.json",
        (*_NIGHTLY, "tests/compose"),
        tests=("tests/compose",),
        marker="nightly",
    ),
)
BENCH = (
    Suite("bench", "make bench", _FIGURES, _BENCH, (COMPARE,)),
    Suite("bench of the first Dags", "make bench", _FIGURES, (*_BENCH, "airflow/dags", "src/retail"), ("first-dags",)),
    Suite("growth", "make bench", _FIGURES, _BENCH, ("scale-out", "load", "waiting", "parse")),
    Suite("sizes", "make bench", _FIGURES, _BENCH, tuple(f"size-{name}" for name in SIZES)),
    Suite("soak", "make bench", _FIGURES, _BENCH, ("soak",)),
)
# A group whose changes are there for a fault or a secret is not measured.
ABLATION_GROUPS = tuple(dict.fromkeys(patch.group for patch in PATCHES if patch.group != SAFETY))
ABLATION = Suite("ablation", "make ablation", "docs/ablation.json", _BENCH, ABLATION_GROUPS)
SHOP = Suite(
    "bench of the shop",
    "make bench-shop",
    "docs/shop.json",
    ("deploy/postgres", "requirements/embedded.lock", "src/bench/shop.py", "src/retail"),
    ("20", "100"),
)
SUITES = (FAULTS, *BENCH, ABLATION, SHOP, *NIGHTLY)


def main() -> int:
    """Print the state of every suite; return 1 when --strict was given and one is not fresh."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
    parser.add_argument("--strict", action="store_true", help="fail unless every suite is fresh")
    asked = parser.parse_args()
    try:
        states = [state(suite, Paths().root) for suite in SUITES]
    except AirfleetError as error:
        print(error, file=sys.stderr)
        return 1
    if asked.json:
        print(json.dumps([asdict(each) for each in states], indent=1))
    else:
        _print(states)
    return int(asked.strict and any(each.state != "fresh" for each in states))


def _print(states: Sequence[State]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Suite", "State", "Passed", "Date (UTC)", "Machine", "File", "Run with", "Why"):
        table.add_column(title, overflow="fold")
    for each in states:
        passed = f"{each.done} of {each.parts}" if each.parts else ""
        days = " to ".join(sorted({each.first[:_DAY], each.last[:_DAY]}))
        cells = (each.suite, each.state, passed, days, each.machine, each.file, each.command, why(each))
        table.add_row(*map(escape, cells))
    console = Console(highlight=False)
    # A pipe gets whole lines.
    console.width = console.width if console.is_terminal else 240
    console.print(table)


def why(each: State) -> str:
    """Return why a suite is not fresh: the tests that failed, or the first files that changed."""
    if each.failed:
        return f"failed: {_first(each.failed)}"
    if each.changed:
        return f"changed: {_first(each.changed)}"
    return "no digest was kept" if each.state == "stale" else ""


def _first(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


if __name__ == "__main__":
    sys.exit(main())
