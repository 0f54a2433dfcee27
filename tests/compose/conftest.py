"""The real compose files on a real engine. tests/compose/ci.sh installs one, makes the stand-ins and runs this folder.

Collected only there: every other machine may lack an engine, and nobody's containers should start by accident.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.deployment import Deployment, copy_checkout

if "AIRFLEET_COMPOSE_TESTS" not in os.environ:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The whole stack, brought up once by the two commands of the README, in a folder with a space in its name."""
    deployment = copy_checkout(tmp_path_factory.mktemp("compose") / "my shop" / "airfleet-test")
    try:
        deployment.compose("up", "-d", "--build", timeout_s=600)
        deployment.wait_until_healthy()
        yield deployment
    finally:
        deployment.keep_logs()
        deployment.compose("down", "--volumes", "--timeout", "30", check=False, profiles=("*",), monitoring=True)


@pytest.fixture(scope="session")
def first_rows(stack: Deployment) -> dict[str, int | None]:
    """`./airfleet up` on what Compose has started: the rows that each task of the first runs reported, by its id."""
    said = stack.airfleet("up", "--engine", "docker")
    rows: dict[str, int | None] = {}
    with stack.api() as api:
        for dag_id in stack.docker().settings.first_run.partition(":")[2].split(","):
            run = api.runs(dag_id)[-1]
            assert run.state == "success", said.stdout
            rows |= {task.task_id: task.rows for task in api.tasks(run)}
    return rows


@pytest.fixture
def files(tmp_path: Path) -> Deployment:
    """A filled checkout, for a test that makes nothing run."""
    return copy_checkout(tmp_path / "airfleet-bad", metrics_third_octet=252)


@pytest.fixture
def checkout(files: Deployment) -> Iterator[Deployment]:
    """A filled checkout of which nothing runs yet; what a test starts is taken down."""
    try:
        yield files
    finally:
        files.keep_logs()
        files.compose("down", "--volumes", "--timeout", "5", check=False, profiles=("*",), monitoring=True)
