"""The bench's own Dags are those that it runs, and Airflow can read them."""

import json
import os
import subprocess
import sys
from importlib import resources
from pathlib import Path

from bench import compare

READ = """\
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dag_folder=sys.argv[1])
print(json.dumps([bag.import_errors, {dag_id: len(dag.tasks) for dag_id, dag in bag.dags.items()}]))
"""


def test_airflow_reads_a_chain_of_each_plans_length_and_every_other_dag(tmp_path: Path) -> None:
    folder = str(resources.files("bench").joinpath("dags"))
    env = os.environ | {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    command = [sys.executable, "-c", READ, folder]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    errors, tasks = json.loads(done.stdout.splitlines()[-1])
    assert errors == {}
    chains = {f"bench_chain_{plan.chain}": plan.chain for plan in (compare.FAST, compare.FULL)}
    assert chains.items() <= tasks.items()
    assert {"bench_burst", "bench_wait"} <= set(tasks)
