"""New secrets for a running stack: no task is lost, the old ones open nothing, and an interruption is made good.

It is a stack of its own, whose start was interrupted before; at the end it is refused with secrets that do not fit.
"""

import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from support import doors
from support.checkout import Checkout, end, hear, wait_until

from airfleet.config.env_file import GENERATORS
from airfleet.config.paths import Paths
from airfleet.operate.rotate import kept

# 12 tasks for 4 slots: while the first run, the others wait in Redis. Files let them end.
IN_FLIGHT = '''
"""Tasks that last until a file exists, and use what is stored when they have waited."""
import os
import time
from datetime import timedelta
from pathlib import Path

import psycopg2
from airflow.providers.standard.triggers.file import FileTrigger
from airflow.sdk import BaseOperator, Connection, Variable, dag, get_current_context, task


class Waits(BaseOperator):
    def execute(self, context):
        gate = context["dag_run"].conf["deferred_gate"]
        self.defer(trigger=FileTrigger(filepath=gate, poke_interval=1), method_name="resume")

    def resume(self, context, event):
        return Variable.get("kept")


@dag(schedule=None)
def in_flight():
    @task(retries=3, retry_delay=timedelta(seconds=1))
    def works(number: int) -> None:
        while not Path(get_current_context()["dag_run"].conf["gate"]).exists():
            time.sleep(0.1)
        assert Connection.get("kept").password == "stored"
        assert Variable.get("kept") == "stored"
        psycopg2.connect(os.environ["AIRFLOW_CONN_WAREHOUSE"]).close()

    works.expand(number=list(range(12)))
    # Before the others, which hold every slot.
    Waits(task_id="waits", priority_weight=100)


in_flight()
'''

WEBSERVERS = {"METADATA_PASSWORD", "FERNET_KEY", "JWT_SECRET", "API_SECRET_KEY", "SESSION_KEY"}


@dataclass(frozen=True)
class Flight:
    """A run of those tasks in *checkout*; *folder* is where the files are made that let them end."""

    checkout: Checkout
    folder: Path
    run_id: str

    @classmethod
    def start(cls, checkout: Checkout, folder: Path) -> "Flight":
        """Start a run."""
        env = checkout.env()
        headers = {"Authorization": f"Bearer {doors.token(env)}"}
        url = f"http://127.0.0.1:{env['WEBSERVER_PORT']}/api/v2/dags/in_flight"
        known = wait_until("the Dag is seen", lambda: doors.HTTP.get(url, headers=headers).is_success, timeout_s=120)
        assert known
        assert doors.HTTP.patch(url, json={"is_paused": False}, headers=headers).is_success
        conf = {"gate": str(folder / "gate"), "deferred_gate": str(folder / "deferred gate")}
        asked = {"logical_date": None, "conf": conf}
        return cls(
            checkout, folder, doors.HTTP.post(f"{url}/dagRuns", json=asked, headers=headers).json()["dag_run_id"]
        )

    def waiting(self) -> set[int]:
        """Return the tasks that wait in Redis, once there are such, and others run, and one has deferred itself."""

        def found() -> set[int] | None:
            tasks = self._rows("SELECT state, map_index FROM task_instance WHERE run_id = %s")
            states = Counter(state for state, _ in tasks)
            enough = states["running"] == 4 and states["queued"] == 8 and states["deferred"] == 1
            return {index for state, index in tasks if state == "queued"} if enough else None

        return wait_until("tasks are in flight", found, timeout_s=180)

    def let_tasks_end(self) -> None:
        """Let the tasks end that run, and those that run later."""
        (self.folder / "gate").touch()

    def assert_all_succeed_in_their_first_try(self, waiting: set[int]) -> None:
        """Let the deferred task go on, too, and see how the run ends; *waiting* must be among its tasks."""
        (self.folder / "deferred gate").touch()

        def over() -> bool:
            return self._rows("SELECT state FROM dag_run WHERE run_id = %s")[0][0] in ("success", "failed")

        wait_until("the run ends", over, timeout_s=300)
        found = self._rows("SELECT map_index, state, try_number FROM task_instance WHERE run_id = %s")
        assert {(state, tries) for _, state, tries in found} == {("success", 1)}, found
        assert len(found) == 13
        assert waiting <= {index for index, *_ in found}
        assert self._rows("SELECT count(*) FROM task_instance_history WHERE run_id = %s") == [(0,)]

    def _rows(self, sql: str) -> list:
        return doors.rows(self.checkout.env(), sql, self.run_id)


@pytest.fixture(scope="module")
def rotating(other: Checkout) -> Checkout:
    """A stack of its own with four slots, a stored connection and a stored variable; its start was interrupted."""
    other.add_dag("in_flight", IN_FLIGHT)
    for step in ("Postgres and Redis", "databases, roles and secrets", "waiting for"):
        other.interrupt(step, "up", with_signal=signal.SIGINT, timeout_s=120)
    other.airfleet("up")
    _post(other, "connections", connection_id="kept", conn_type="http", password="stored")
    _post(other, "variables", key="kept", value="stored")
    return other


def test_up_that_is_interrupted_at_any_step_goes_on_when_run_again(rotating: Checkout) -> None:
    rotating.wait_until_healthy()


def test_every_secret_is_replaced_while_tasks_run_and_wait_and_each_succeeds_in_its_first_try(
    rotating: Checkout, tmp_path: Path
) -> None:
    flight = Flight.start(rotating, tmp_path)
    flight.waiting()
    before, session = rotating.env(), doors.token(rotating.env())
    assert all(doors.opened(before, before, session).values())

    # Interrupted while tasks are waited for: nothing has changed, and they go on.
    rotating.interrupt("waiting for airflow-worker", "rotate", with_signal=signal.SIGINT, timeout_s=300)
    assert rotating.env() == before
    wait_until("all is healthy again", lambda: rotating.airfleet("status", check=False).returncode == 0)
    waiting = flight.waiting()

    rotation = rotating.start("rotate")
    said = hear(rotation, "waiting for airflow-worker")
    flight.let_tasks_end()
    said += rotation.communicate(timeout=600)[0]
    assert rotation.returncode == 0, said
    after = rotating.env()
    assert {key for key in before if before[key] != after[key]} == set(GENERATORS)
    assert not kept.is_unfinished(Paths(rotating.root))
    webserver = next(line for line in said.splitlines() if "airflow-webserver, for " in line)
    assert set(webserver.partition(", for ")[2].split(", ")) == WEBSERVERS
    assert "SMTP_PASSWORD" in said.split("Left as they are")[1]
    assert not [value for key, value in (before | after).items() if key in GENERATORS and value in said]
    assert not any(doors.opened(before, after, session).values())
    assert all(doors.opened(after, after, doors.token(after)).values())

    flight.assert_all_succeed_in_their_first_try(waiting)


def test_a_rotation_that_was_killed_half_way_is_refused_by_up_and_completed_by_the_next(
    rotating: Checkout, tmp_path: Path
) -> None:
    flight = Flight.start(rotating, tmp_path)
    waiting = flight.waiting()
    before, session = rotating.env(), doors.token(rotating.env())
    rotation = rotating.start("rotate")
    hear(rotation, "waiting for airflow-worker")
    flight.let_tasks_end()
    hear(rotation, "databases, roles and secrets")
    end(rotation, signal.SIGKILL, timeout_s=60)
    after = rotating.env()
    assert {key for key in before if before[key] != after[key]} == set(GENERATORS)

    up = rotating.airfleet("up", check=False)
    assert up.returncode == 1
    assert "./airfleet rotate completes it" in up.stderr
    rotating.airfleet("rotate")
    assert rotating.env() == after
    assert not any(doors.opened(before, after, session).values())
    assert all(doors.opened(after, after, doors.token(after)).values())
    flight.assert_all_succeed_in_their_first_try(waiting)


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
    assert "WORKERS is not a secret" in said.stderr
    assert rotating.env() == before


def test_other_secrets_than_those_of_the_stored_data_are_refused_by_name(
    rotating: Checkout, checkout: Checkout, first_up: str
) -> None:
    rotating.airfleet("down", "--timeout", "5")
    fernet_key = checkout.env()["FERNET_KEY"]
    _assert_refused(rotating, "POSTGRES_PASSWORD", "q7" * 12, "Postgres refuses POSTGRES_PASSWORD")
    _assert_refused(rotating, "FERNET_KEY", fernet_key, "FERNET_KEY does not open what is stored: connection kept")


def _assert_refused(checkout: Checkout, key: str, value: str, said: str) -> None:
    right = checkout.env()[key]
    checkout.set_env(**{key: value})
    up = checkout.airfleet("up", check=False)
    checkout.set_env(**{key: right})
    assert up.returncode == 1
    assert said in up.stderr
    assert value not in up.stdout + up.stderr
    checkout.airfleet("down")


def _post(checkout: Checkout, what: str, **body: str) -> None:
    base = f"http://127.0.0.1:{checkout.env()['WEBSERVER_PORT']}/api/v2/{what}"
    answer = doors.HTTP.post(base, json=body, headers={"Authorization": f"Bearer {doors.token(checkout.env())}"})
    assert answer.is_success, answer.text


def _pids(checkout: Checkout) -> dict[str, int]:
    return {state["name"]: state["pid"] for state in checkout.json("status")}
