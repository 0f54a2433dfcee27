"""Faults that may strike at any time, alone or together, and that end by themselves."""

import random
import time
from collections.abc import Sequence
from enum import Enum

import psutil
from support.checkout import wait_until
from support.faults.fleet import Fleet

_PAIRS = 0.4


class Fault(Enum):
    """One way to hurt the stack."""

    WORKER_KILLED = "airflow-worker-1 killed"
    WORKER_STOPPED = "airflow-worker-2 stopped"
    POOL_CHILD_KILLED = "pool child killed"
    TASK_KILLED = "task killed"
    SCHEDULER_KILLED = "airflow-scheduler-1 killed"
    WEBSERVER_AWAY = "airflow-webserver away"
    REDIS_AWAY = "redis away"
    REDIS_KILLED = "redis killed"
    POSTGRES_AWAY = "postgres away"
    TRIGGERER_KILLED = "airflow-triggerer killed"
    DAG_PROCESSOR_KILLED = "airflow-dag-processor killed"


def draw(dice: random.Random) -> list[Fault]:
    """Return one fault, or two that do not meet the same process."""
    faults = dice.sample(list(Fault), k=2)
    names = {fault.value.rpartition(" ")[0] for fault in faults}
    return faults if len(names) == len(faults) and dice.random() < _PAIRS else faults[:1]


def strike(fleet: Fleet, faults: Sequence[Fault], seconds: float) -> None:
    """Let *faults* happen at once; what goes away comes back after *seconds*."""
    gone = []
    # What is killed first: the other fault must not have taken it away by then.
    for fault in sorted(faults, key=lambda fault: "killed" not in fault.value):
        name, _, what = fault.value.rpartition(" ")
        if what == "killed" and name in ("pool child", "task"):
            _kill_one(fleet, name)
        elif what == "killed":
            fleet.kill(name)
        else:
            # A worker takes as long as its tasks; whatever else is asked to stop, and killed if it takes its time.
            fleet.stack.manager.stop(name, wait=False)
            gone.append(name)
    until = time.monotonic() + seconds
    if gone:
        wait_until("the fault's time is over", lambda: time.monotonic() > until, timeout_s=seconds + 5)
        for name in gone:
            wait_until(f"{name} has ended", lambda name=name: not fleet.pid(name), timeout_s=120)  # type: ignore[misc]
            fleet.start(name)


def _kill_one(fleet: Fleet, what: str) -> None:
    """Kill the process of the first task that is at work, or its pool child; there may be none for a moment."""

    def found() -> psutil.Process | None:
        for worker in fleet.names("airflow-worker"):
            tasks = fleet.task_processes(worker) if fleet.pid(worker) else []
            if tasks:
                return tasks[0].parent() if what == "pool child" else tasks[0]
        return None

    wait_until(f"there is a {what} to kill", found, timeout_s=60).kill()
