"""A deadline for a Dag's runs, with a mail when a run misses it.

from airfleet.sla.deadline import run_deadline

DAG(..., deadline=run_deadline(minutes=30))
"""

from __future__ import annotations

import asyncio
import os
from datetime import datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import quote

from airflow.configuration import conf
from airflow.sdk import AsyncCallback, DeadlineAlert  # type: ignore[attr-defined]
from airflow.sdk.definitions.deadline import BaseDeadlineReference


class RunQueued(BaseDeadlineReference):  # type: ignore[misc]
    """The moment a run was queued, registered by the plugin airfleet_sla.

    Not the logical date: a run triggered by hand may have none, and then has no deadline at all. Not Airflow's own
    DAGRUN_QUEUED_AT: clearing a run before such a deadline has passed fails (apache/airflow #70368). A cleared run
    keeps the deadline of its first queueing.
    """

    required_kwargs = {"dag_id", "run_id"}  # noqa: RUF012 - Airflow's own interface

    def _evaluate_with(self, *, session: Any, dag_id: str, run_id: str) -> datetime | None:
        # Only where runs are created, never in a task, which has no database.
        from airflow.models.dagrun import DagRun
        from sqlalchemy import select

        queued_at = select(DagRun.queued_at).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
        return session.scalar(queued_at)  # type: ignore[no-any-return]


def run_deadline(*, hours: float = 0, minutes: float = 0, seconds: float = 0, name: str = "run") -> Any:
    """Return the deadline of a Dag's runs, counted from the moment a run is queued.

    *name* tells several deadlines of one Dag apart in the UI and on dashboards. The mail is sent by the
    triggerer, so it comes even while every worker is busy. Raises ValueError unless the time is above 0.
    """
    interval = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if interval <= timedelta(0):
        raise ValueError(f"A deadline must be longer than 0, got {interval}. Write run_deadline(minutes=30), say.")
    return DeadlineAlert(
        reference=RunQueued(),
        interval=interval,
        callback=AsyncCallback(mail_missed_deadline, kwargs={"alert": name, "allowed": str(interval)}),
        name=name,
    )


async def mail_missed_deadline(alert: str, allowed: str, context: dict[str, Any]) -> str:
    """Mail AIRFLOW_VAR_MAIL_TO that a run missed its deadline; return a summary for the callback's row.

    *context* is what Airflow passes: the run as its REST API shows it, and the deadline.
    Raises what the mail server raised: Airflow then marks the callback failed, which is counted and alerted on.
    """
    run = context["dag_run"]
    dag_id, run_id = run["dag_id"], run["dag_run_id"]
    to = os.environ.get("AIRFLOW_VAR_MAIL_TO", "")
    if not to:
        raise ValueError("Nobody was told: AIRFLOW_VAR_MAIL_TO is empty. Set MAIL_TO in .env and run `up` again.")
    subject = f"Deadline missed: {dag_id}"
    page = f"{conf.get('api', 'base_url').rstrip('/')}/dags/{quote(dag_id)}/runs/{quote(run_id, safe='')}"
    text = (
        f'<p>The run <a href="{escape(page)}">{escape(run_id)}</a> of <b>{escape(dag_id)}</b> has not ended {allowed} '
        f"(h:mm:ss) after it was queued (deadline <i>{escape(alert)}</i>).</p>"
        "<p>What to do: monitoring/runbook.md, section DeadlineMissed.</p>"
    )
    await asyncio.to_thread(_send, to, subject, text)
    return f"mailed {to}"


def _send(to: str, subject: str, text: str) -> None:
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    with SmtpHook(smtp_conn_id="smtp_default") as hook:
        hook.send_email_smtp(to=to, subject=subject, html_content=text)
