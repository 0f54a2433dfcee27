"""A second stack on the same machine: an ordinary user's, without the shop."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from support.checkout import Checkout, make, wait_until

from airfleet.config.settings import load
from airfleet.operate.airflow_api import AirflowApi

SHOP = (
    "src/retail",
    "airflow/dags/daily_quality_check.py",
    "airflow/dags/refresh_aggregations.py",
    "airflow/dags/weekly_full_pipeline.py",
    "airflow/plugins/shop_report.py",
    "airflow/plugins/shop_tasks.py",
)
DAG = '''
"""A team's only Dag."""
from airflow.sdk import dag, task


@dag(schedule=None)
def only_dag():
    @task
    def works() -> dict:
        return {"rows": 3}

    works()


only_dag()
'''


@pytest.fixture(scope="module")
def second(checkout: Checkout, first_up: str) -> Iterator[Checkout]:
    """A checkout without the shop, deleted as the README says, beside the first stack, of a user who is not root."""
    # Not in pytest's folder: each pytest that starts closes that to other users.
    base = Path(tempfile.mkdtemp(prefix="airfleet-second-"))
    base.chmod(0o755)
    made = make(base / "air fleet", user="nobody" if os.geteuid() == 0 else None)
    for name in SHOP:
        path = made.root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    made.set_env(FIRST_RUN="", TEAM_COMMANDS="", WORKERS=1, WORKER_CONCURRENCY=2)
    made.add_dag("only_dag", DAG)
    yield made
    made.destroy()
    shutil.rmtree(base)


def test_without_the_shop_up_starts_a_healthy_stack_and_a_teams_dag_runs(second: Checkout) -> None:
    up = second.airfleet("up")
    assert "Traceback" not in up.stdout + up.stderr
    second.wait_until_healthy()
    with AirflowApi(load(second.root / ".env")) as api:
        wait_until("the Dag is known", lambda: api.dag("only_dag"))
    ran = second.json("run", "only_dag")
    assert ran["run"]["state"] == "success"
    assert ran["tasks"][0]["rows"] == 3
    logs = "".join(path.read_text(errors="replace") for path in (second.root / ".airfleet" / "logs").glob("*.log"))
    assert "No module named 'retail'" not in logs


def test_an_ordinary_users_stack_runs_as_that_user_alone(second: Checkout) -> None:
    owners = {psutil.Process(state["pid"]).username() for state in second.json("status") if state["pid"]}
    assert owners == {second.user or psutil.Process().username()}


def test_both_stacks_run_at_once_on_ports_of_their_own(second: Checkout, checkout: Checkout) -> None:
    for each in (second, checkout):
        each.wait_until_healthy()
    assert {s["pid"] for s in second.json("status")} & {s["pid"] for s in checkout.json("status")} == set()
