"""Airflow's own serialisation keeps a declared SLA, and the exporter finds it there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from airfleet.observe.exporter.serialized import _declared
from airfleet.observe.exporter.waiting import Limits

DAG = """
import json
from airflow.sdk import DAG, task
from airflow.serialization.serialized_objects import DagSerialization
from airfleet.sla.deadline import run_deadline
from airfleet.sla.declare import sla

with DAG("sales", schedule=None, deadline=run_deadline(minutes=30), default_args=sla(hours=1)) as dag:
    @task
    def by_default(): ...

    @task(**sla(minutes=5), max_active_tis_per_dag=2)
    def own(): ...

    @task(**sla(seconds=9), max_active_tis_per_dagrun=3)
    def each(x): ...

    @task(doc_json=None)
    def none(): ...

    by_default() >> own() >> each.expand(x=[1, 2]) >> none()
print(json.dumps(DagSerialization.to_dict(dag)))
"""


def test_every_way_to_declare_an_sla_survives_serialisation(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path),
        "PYTHONPATH": str(Path(__file__).parents[3] / "src"),
    }
    done = subprocess.run(
        [sys.executable, "-c", DAG], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    declared = _declared(json.loads(done.stdout.splitlines()[-1])["dag"])
    assert declared.slas == {"by_default": 3600, "own": 300, "each": 9}
    assert declared.has_deadline
    assert declared.limits == {"own": Limits(2, None), "each": Limits(None, 3)}
