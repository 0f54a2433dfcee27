"""New secrets for a running stack: no task is lost, the old ones open nothing, and an interruption is made good."""

import signal
from collections import Counter
from collections.abc import Iterator

import pytest
from support import doors
from support.checkout import Checkout, make, wait_until

from airfleet.config.env_file import GENERATORS
from airfleet.config.paths import Paths
from airfleet.operate.rotate import kept

# 36 tasks for 4 slots: while the first run, the others wait in Redis.
IN_FLIGHT = '''
"""Tasks that take a while, and use what is stored when they have waited."""
import os
import time
from datetime import timedelta

import psycopg2
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import BaseOperator, Connection, Variable, dag, task


class Waits(BaseOperator):
    def execute(self, context):
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=100)), method_name="resume")

    def resume(self, context, event):
        return Variable.get("kept")


@dag(schedule=None)
def in_flight():
    @task(retries=3, retry_delay=timedelta(seconds=1))
    def works(number: int) -> None:
        time.sleep(8)
        assert Connection.get("kept").password == "stored"
        assert Variable.get("kept") == "stored"
        psycopg2.connect(os.environ["AIRFLOW_CONN_WAREHOUSE"]).close()

    works.expand(number=list(range(36)))
    Waits(task_id="waits")


in_flight()
'''

WEBSERVERS = {"METADATA_PASSWORD", "FERNET_KEY", "JWT_SECRET", "API_SECRET_KEY"}


@pytest.fixture(scope="module")
def rotating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A stack of its own with four slots, a stored connection and a stored variable."""
    made = make(tmp_path_factory.mktemp("rotating") / "air fleet")
    made.set_env(FIRST_RUN="", WORKERS=2, WORKER_CONCURRENCY=2, SMTP_PASSWORD="not-ours-to-change")
    made.add_dag("in_flight", IN_FLIGHT)
    made.airfleet("up")
    _post(made, "connections", connection_id="kept", conn_type="http", password="stored")
    _post(made, "variables", key="kept", value="stored")
    yield made
    made.airfleet("down", "--timeout", "5", "--volumes", "--yes", check=False)


def test_every_secret_is_replaced_while_tasks_run_and_wait_and_each_succeeds_in_its_first_try(
    rotating: Checkout,
) -> None:
    run_id = _start(rotating)
    before, session = rotating.env(), doors.token(rotating.env())
    assert all(doors.opened(before, before, session).values())

    # Interrupted while tasks are waited for: nothing has changed, and they go on.
    rotating.interrupt("waiting for airflow-worker", "rotate", with_signal=signal.SIGINT, timeout_s=300)
    assert rotating.env() == before
    wait_until("all is healthy again", lambda: rotating.airfleet("status", check=False).returncode == 0)
    waiting = _in_flight(before, run_id)

    said = rotating.airfleet("rotate").stdout
    after = rotating.env()
    assert {key for key in before if before[key] != after[key]} == set(GENERATORS)
    assert not kept.is_unfinished(Paths(rotating.root))
    webserver = next(line for line in said.splitlines() if "airflow-webserver, for " in line)
    assert set(webserver.partition(", for ")[2].split(", ")) == WEBSERVERS
    assert "SMTP_PASSWORD" in said.split("Left as they are")[1]
    assert not [value for key, value in (before | after).items() if key in GENERATORS and value in said]
    assert not any(doors.opened(before, after, session).values())
    assert all(doors.opened(after, after, doors.token(after)).values())

    _assert_all_succeed_in_their_first_try(after, run_id, waiting)


def test_a_rotation_that_was_killed_half_way_is_refused_by_up_and_completed_by_the_next(rotating: Checkout) -> None:
    run_id = _start(rotating)
    before, session = rotating.env(), doors.token(rotating.env())
    waiting = _in_flight(before, run_id)
    rotating.interrupt("databases, roles and secrets", "rotate", with_signal=signal.SIGKILL, timeout_s=300)
    after = rotating.env()
    assert {key for key in before if before[key] != after[key]} == set(GENERATORS)

    up = rotating.airfleet("up", check=False)
    assert up.returncode == 1
    assert "./airfleet rotate completes it" in up.stderr
    rotating.airfleet("rotate")
    assert rotating.env() == after
    assert not any(doors.opened(before, after, session).values())
    assert all(doors.opened(after, after, doors.token(after)).values())
    _assert_all_succeed_in_their_first_try(after, run_id, waiting)


def test_one_secret_restarts_only_those_to_whom_it_is_given(rotating: Checkout) -> None:
    before, pids = rotating.env(), _pids(rotating)
    said = rotating.airfleet("rotate", "FLOWER_PASSWORD", "WAREHOUSE_READER_PASSWORD").stdout
    after = rotating.env()
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {"FLOWER_PASSWORD", "WAREHOUSE_READER_PASSWORD"}
    assert [line for line in said.splitlines() if line.startswith("to be restarted")] == [
        "to be restarted: flower, for FLOWER_PASSWORD"
    ]
    assert {name for name, pid in _pids(rotating).items() if pids[name] != pid} == {"flower"}
    session = doors.token(after)
    assert {key for key, good in doors.opened(before, after, session).items() if not good} == changed
    assert all(doors.opened(after, after, session).values())


def test_what_cannot_be_rotated_is_refused_by_name(rotating: Checkout) -> None:
    before = rotating.env()
    said = rotating.airfleet("rotate", "SMTP_PASSWORD", "WORKERS", check=False)
    assert said.returncode == 1
    assert "SMTP_PASSWORD belongs to a server outside the stack" in said.stderr
    assert "WORKERS is no secret" in said.stderr
    assert rotating.env() == before


def _post(checkout: Checkout, what: str, **body: str) -> None:
    base = f"http://127.0.0.1:{checkout.env()['WEBSERVER_PORT']}/api/v2/{what}"
    answer = doors.HTTP.post(base, json=body, headers={"Authorization": f"Bearer {doors.token(checkout.env())}"})
    assert answer.is_success, answer.text


def _start(checkout: Checkout) -> str:
    """Start a run, and return its id when tasks of it run, wait in Redis and wait in the triggerer."""
    env = checkout.env()
    headers = {"Authorization": f"Bearer {doors.token(env)}"}
    url = f"http://127.0.0.1:{env['WEBSERVER_PORT']}/api/v2/dags/in_flight"
    known = wait_until("the Dag is seen", lambda: doors.HTTP.get(url, headers=headers).is_success, timeout_s=120)
    assert known
    assert doors.HTTP.patch(url, json={"is_paused": False}, headers=headers).is_success
    run_id = str(doors.HTTP.post(f"{url}/dagRuns", json={"logical_date": None}, headers=headers).json()["dag_run_id"])
    _in_flight(env, run_id)
    return run_id


def _in_flight(env: dict[str, str], run_id: str) -> set[int]:
    """Return the tasks that wait in Redis, once there are such, and others run, and one has deferred itself."""

    def waiting() -> set[int] | None:
        found = doors.rows(env, "SELECT state, map_index FROM task_instance WHERE run_id = %s", run_id)
        states = Counter(state for state, _ in found)
        enough = states["running"] >= 2 and states["queued"] >= 4 and states["deferred"] == 1
        return {index for state, index in found if state == "queued"} if enough else None

    return wait_until("tasks are in flight", waiting, timeout_s=180)


def _assert_all_succeed_in_their_first_try(env: dict[str, str], run_id: str, waiting: set[int]) -> None:
    def over() -> bool:
        return doors.rows(env, "SELECT state FROM dag_run WHERE run_id = %s", run_id)[0][0] in ("success", "failed")

    wait_until("the run ends", over, timeout_s=600)
    found = doors.rows(env, "SELECT map_index, state, try_number FROM task_instance WHERE run_id = %s", run_id)
    assert {(state, tries) for _, state, tries in found} == {("success", 1)}, found
    assert len(found) == 37
    assert waiting <= {index for index, *_ in found}
    tries = "SELECT count(*) FROM task_instance_history WHERE run_id = %s"
    assert doors.rows(env, tries, run_id) == [(0,)]


def _pids(checkout: Checkout) -> dict[str, int]:
    return {state["name"]: state["pid"] for state in checkout.json("status")}
