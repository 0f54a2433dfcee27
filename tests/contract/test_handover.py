"""A worker that stops keeps the task that a pool process has just been given."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
from celery import Celery
from support.checkout import wait_until

from airfleet.config.paths import Paths
from airfleet.runtime.broker import message_ids

APP = """
from pathlib import Path
from celery import Celery
from celery.concurrency import asynpool
from airfleet.runtime.patches.changes import handover

handover.change(asynpool)
app = Celery("works", broker="{broker}")
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1)

@app.task(name="work")
def work():
    with Path("{done}").open("a") as done:
        print("done", file=done)
"""
# Celery itself takes 30 s more, and then puts the message back.
LEAVES_WITHIN_S = 20


def test_a_task_handed_over_as_its_worker_stops_is_acknowledged_and_the_worker_leaves_at_once(
    app: Celery, tmp_path: Path
) -> None:
    done, log = tmp_path / "done", tmp_path / "log"
    (tmp_path / "works.py").write_text(APP.format(broker=app.conf.broker_url, done=done))
    command = [sys.executable, "-m", "celery", "-A", "works", "worker", "-c", "1", "-l", "DEBUG"]
    environment = os.environ | {"PYTHONPATH": str(Paths().root / "src")}
    with log.open("w") as out:
        worker = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=out, stderr=out)
    try:
        app.send_task("work")
        wait_until("a first task is done", lambda: done.exists() and not message_ids(app, ["celery"]))
        (pool_process,) = psutil.Process(worker.pid).children()
        # It is given the task, and does not say so.
        pool_process.suspend()
        app.send_task("work")
        wait_until("the second one is received", lambda: log.read_text().count("] received") == 2)
        assert app.control.ping(timeout=10), "the worker's loop goes on"
        worker.send_signal(signal.SIGTERM)
        wait_until("what was not accepted is forgotten", lambda: "Stopping Pool" in log.read_text())
        pool_process.resume()
        assert worker.wait(LEAVES_WITHIN_S) == 0
        assert done.read_text().count("done") == 2
        assert message_ids(app, ["celery"]) == set()
    finally:
        worker.kill()
        worker.wait()
