"""Dags that do what a healthy deployment does not, so that every panel has something to show."""

from __future__ import annotations

import os
import signal
import time
from datetime import datetime, timedelta

from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import dag, task
from airflow.sdk.observability.stats import Stats

from airfleet.sla.deadline import run_deadline
from airfleet.sla.declare import sla

SOON = {"retry_delay": timedelta(seconds=1)}


@dag(schedule=None)
def watched_first() -> None:
    """Takes the slow first call to a webserver that has just started, so that no counted task has to."""

    @task(retries=9, **SOON)
    def first() -> None: ...

    first()


@dag(schedule=None, deadline=run_deadline(hours=1))
def watched_retries() -> None:
    @task(retries=2, **SOON)
    def again(ti: object = None) -> None:
        if ti.try_number < 3:
            raise RuntimeError("planted")

    @task
    def breaks() -> None:
        raise RuntimeError("planted")

    again()
    breaks()


@dag(schedule=None, deadline=run_deadline(seconds=5))
def watched_misses() -> None:
    @task(**sla(seconds=2))
    def late() -> None:
        time.sleep(15)

    @task(**sla(minutes=5))
    def in_time() -> None: ...

    late()
    in_time()


@dag(schedule=None)
def watched_killed() -> None:
    @task(retries=1, **SOON)
    def killed_once(ti: object = None) -> None:
        if ti.try_number == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    @task
    def killed_for_good() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    killed_once()
    killed_for_good()


@dag(schedule=None)
def watched_waits() -> None:
    @task
    def takes_a_slot(number: int) -> None:
        time.sleep(5)

    takes_a_slot.expand(number=list(range(12)))


@dag(schedule=None)
def watched_steps() -> None:
    @task
    def step(number: int) -> None:
        Stats.incr("app.steps_total", tags={"dag_id": "watched_steps"})

    before = None
    for number in range(20):
        this = step.override(task_id=f"step_{number:02}")(number)
        if before is not None:
            before >> this
        before = this


@dag(
    schedule="* * * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    deadline=run_deadline(hours=1),
)
def watched_schedule() -> None:
    TimeDeltaSensor(task_id="deferred", delta=timedelta(seconds=1), deferrable=True)


watched_first()
watched_retries()
watched_misses()
watched_killed()
watched_waits()
watched_steps()
watched_schedule()
