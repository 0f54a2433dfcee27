"""Policies for every task of every Dag; Airflow loads this file from $AIRFLOW_HOME/config."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from airflow.providers.smtp.notifications.smtp import SmtpNotifier

from airfleet.runtime import mail_connection, own_secrets, traces
from airfleet.runtime.ids import refuse_unmeasurable_ids
from airfleet.runtime.patches import hook

if TYPE_CHECKING:
    from airflow.sdk import DAG, BaseOperator

mail_connection.provide()
own_secrets.mask()
traces.provide()

FAILURE_SUBJECT = "Failed: {{ ti.dag_id }}.{{ ti.task_id }} (try {{ ti.try_number }})"
FAILURE_BODY = Path(__file__).with_name("failure_mail.html").read_text(encoding="utf-8")

# sitecustomize has done this, unless another one came before it on the path. See docs/patches.md.
hook.install()


def dag_policy(dag: DAG) -> None:
    """Refuse ids that Airflow would silently drop from its metrics."""
    refuse_unmeasurable_ids(dag)


def task_policy(task: BaseOperator) -> None:
    """Mail the people in MAIL_TO when the last try of a task fails, unless the task has its own failure callback."""
    if not task.on_failure_callback:
        task.on_failure_callback = [
            SmtpNotifier(to="{{ var.value.mail_to }}", subject=FAILURE_SUBJECT, html_content=FAILURE_BODY)
        ]
