"""Airflow's supervisor holds a task's turn until the task's own code begins."""

from support.fresh_python import ask

# The Dag file says who has the turn as it is read, its task as it runs.
PROGRAM = '''
import os
import tempfile
import uuid
from pathlib import Path

folder = Path(tempfile.mkdtemp())
(folder / "told.py").write_text("""
import fcntl
from pathlib import Path
from airflow.sdk import dag, task

def tell(when):
    with open("{folder}/0") as turn, open("{folder}/told", "a") as told:
        try:
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(when, "taken", file=told)
        else:
            print(when, "free", file=told)

tell("read:")

@dag(dag_id="told")
def told():
    @task
    def one():
        tell("runs:")
    one()

told()
""".replace("{folder}", str(folder)))
os.environ["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = (
    '[{"name": "dags", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",'
    ' "kwargs": {"path": "%s"}}]' % folder
)
import httpx
from airflow.executors.workloads import BundleInfo
from airflow.executors.workloads.task import TaskInstanceDTO
from airflow.sdk.api.client import Client
from airflow.sdk.execution_time import supervisor
from airfleet.runtime.patches.changes import turns
from airflow.sdk.execution_time import task_runner

one = turns.Turns(folder, 1)
turns.use(supervisor, one)
turns.use(task_runner, one)
task = TaskInstanceDTO(
    id=uuid.uuid4(), dag_version_id=uuid.uuid4(), task_id="one", dag_id="told", run_id="run", try_number=1,
    map_index=-1, pool_slots=1, queue="default", priority_weight=1,
)
now = "2026-01-01T00:00:00Z"
run = dict.fromkeys(("logical_date", "data_interval_start", "data_interval_end", "run_after", "start_date"), now)
run |= {"dag_id": "told", "run_id": "run", "end_date": None, "run_type": "manual", "state": "running"}
run |= {"consumed_asset_events": [], "partition_key": None}

def answer(request):
    starts = request.url.path.endswith("/run")
    return httpx.Response(200, json={"dag_run": run, "max_tries": 0, "should_retry": False} if starts else {})

client = Client(base_url=None, dry_run=True, token="", transport=httpx.MockTransport(answer))
code = supervisor.supervise_task(
    ti=task, bundle_info=BundleInfo(name="dags"), dag_rel_path="told.py", token="", client=client
)
print(code, " ".join((folder / "told").read_text().split()))
'''


def test_a_turn_is_held_while_the_dag_file_is_read_and_free_when_the_task_runs() -> None:
    assert ask(PROGRAM) == "0 read: taken runs: free"
