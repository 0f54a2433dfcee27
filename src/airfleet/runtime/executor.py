"""Celery's executor, made to outlive a broker that is away or that has lost messages.

Two things cannot be set. Celery's executor fails a task at once when its message cannot be published; this one lets
tasks wait in the scheduler for as long as Redis is away or full. And a message that Redis lost (a server
that came back empty, a connection that died with a message on its way to a worker) is noticed only after
`[scheduler] task_queued_timeout`, an hour; this one looks for the messages of tasks that have been queued for a while,
and has those whose messages are nowhere scheduled again, which uses up no try.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.celery.executors.celery_executor import CeleryExecutor
from airflow.providers.celery.executors.celery_executor_utils import OPERATION_TIMEOUT, ExceptionWithTraceback
from airflow.providers.common.compat.sdk import AirflowTaskTimeout, Stats, timeout
from kombu.exceptions import OperationalError

from airfleet.runtime import broker

# Every `airflow` command imports its executor, and only a scheduler needs the models: they are imported where they are.
if TYPE_CHECKING:
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.taskinstancekey import TaskInstanceKey
    from sqlalchemy.orm import Session

# A task whose message is nowhere in two looks in a row is lost: one look may fall between a worker's taking it from
# the queue and its noting so.
LOOK_EVERY_S = 15.0
QUEUED_FOR_S = 30.0
EVENT = "message lost"


class SteadyCeleryExecutor(CeleryExecutor):  # type: ignore[misc]
    """CeleryExecutor that waits for its broker, and finds out which messages the broker lost."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._next_look = time.monotonic() + LOOK_EVERY_S
        self._missing: set[str] = set()

    def _send_workloads_to_celery(self, workload_tuples_to_send: Sequence[Any]) -> list[Any]:
        """Publish until the broker refuses; what is left out of the result stays queued here for the next loop."""
        sent: list[Any] = []
        for workload in workload_tuples_to_send:
            (answer,) = super()._send_workloads_to_celery([workload])
            result = answer[-1]
            if isinstance(result, ExceptionWithTraceback) and isinstance(result.exception, self._broker_errors):
                left = len(workload_tuples_to_send) - len(sent)
                Stats.incr("celery.task_timeout_error")
                self.log.warning("The broker takes no message (%r): %d tasks wait for it here.", result.exception, left)
                break
            sent.append(answer)
        return sent

    @cached_property
    def _broker_errors(self) -> tuple[type[BaseException], ...]:
        """Return what publishing raises when the broker is away, full, or too slow for [celery] operation_timeout."""
        connection = self.celery_app.connection_for_write()
        return (OperationalError, AirflowTaskTimeout, *connection.connection_errors, *connection.channel_errors)

    def sync(self) -> None:
        """Take in what became of the tasks; now and then look for lost messages."""
        super().sync()
        if time.monotonic() >= self._next_look:
            try:
                self._queue_lost_again()
            except (Exception, AirflowTaskTimeout):
                # The next look may find the broker and the database where they belong.
                self.log.warning("Could not look for lost messages; will try again.", exc_info=True)
            self._next_look = time.monotonic() + LOOK_EVERY_S

    def _queue_lost_again(self) -> None:
        from airflow.models.taskinstancekey import TaskInstanceKey
        from airflow.utils.session import create_session

        keys = {result.task_id: key for key, result in self.workloads.items() if isinstance(key, TaskInstanceKey)}
        if not keys:
            self._missing = set()
            return
        with create_session(scoped=False) as session:
            waiting = self._waiting(keys, session)
            if not waiting:
                self._missing = set()
                return
            queues = {ti.queue for ti in waiting}
            with timeout(seconds=OPERATION_TIMEOUT):
                known = broker.message_ids(self.celery_app, queues)
            missing = {ti.external_executor_id for ti in waiting} - known
            lost = missing & self._missing
            self._missing = missing - lost
            for ti in waiting:
                if ti.external_executor_id in lost:
                    self._schedule_again(ti, keys[ti.external_executor_id], session)

    def _waiting(self, task_ids: Iterable[str], session: Session) -> list[TaskInstance]:
        """Return this scheduler's tasks, of those that have *task_ids*, that have been queued for a while."""
        from airflow.models.taskinstance import TaskInstance
        from airflow.utils import timezone
        from airflow.utils.state import TaskInstanceState
        from sqlalchemy import select

        query = select(TaskInstance).where(
            TaskInstance.state == TaskInstanceState.QUEUED,
            TaskInstance.external_executor_id.in_(list(task_ids)),
            TaskInstance.queued_by_job_id == self.job_id,
            TaskInstance.queued_dttm < timezone.utcnow() - timedelta(seconds=QUEUED_FOR_S),
        )
        return list(session.scalars(query))

    def _schedule_again(self, ti: TaskInstance, key: TaskInstanceKey, session: Session) -> None:
        """Give the task back to the scheduler, as it does itself with one that was queued for too long."""
        from airflow.models.log import Log
        from airflow.models.taskinstance import TaskInstance
        from airflow.utils import timezone
        from airflow.utils.state import TaskInstanceState
        from sqlalchemy import update

        self.log.warning("The message of %s is neither in its queue nor with a worker: queueing it again.", ti)
        session.add(
            Log(event=EVENT, task_instance=ti.key, extra="The broker lost the task's message; it is queued again.")
        )
        session.execute(
            update(TaskInstance)
            # A worker may have started it a moment ago.
            .where(TaskInstance.id == ti.id, TaskInstance.state == TaskInstanceState.QUEUED)
            .values(
                state=TaskInstanceState.SCHEDULED,
                queued_dttm=None,
                queued_by_job_id=None,
                scheduled_dttm=timezone.utcnow(),
            )
            .execution_options(synchronize_session=False)
        )
        self.workloads.pop(key, None)
        self.running.discard(key)
