"""Connections, window, audit row and failures of a step in the shop's Dags."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from airflow.sdk import Asset, get_current_context
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.observability.stats import Stats

# Imports are inside the tasks, because every Airflow process loads this file, with or without the shop's package.

log = logging.getLogger(__name__)

CORE = Asset(name="shop_core", uri="shop://warehouse/core", group="shop")
MARTS = {
    name: Asset(name=f"shop_{name}", uri=f"shop://warehouse/marts/{name}", group="shop")
    for name in ("customer_summary", "product_summary", "daily_sales", "monthly_sales")
}
QUALITY = Asset(name="shop_quality", uri="shop://warehouse/quality", group="shop")
REPORT_ROUTE = "shop-report"

# Temporary errors (a restarting database, a mail server that is down) get two more tries; a verdict does not, see
# `step`.
DEFAULTS: dict[str, Any] = {
    "owner": "shop-data",
    "retries": 2,
    "retry_delay": timedelta(minutes=5),
    "retry_exponential_backoff": 2,
    "max_retry_delay": timedelta(minutes=30),
    "execution_timeout": timedelta(minutes=30),
}


@dataclass(frozen=True)
class Step:
    """The context of one try: the warehouse, the shop's settings, its run and its window [start, end)."""

    conn: Any
    settings: Any
    run_id: str
    start: datetime
    end: datetime
    audit: Any


def _connect() -> Any:
    """Open the Airflow connection `warehouse` with psycopg2, which streams COPY from a file."""
    import psycopg2
    from airflow.sdk import Connection

    # Not PostgresHook: it takes psycopg 3 where that is installed too, and the two differ in COPY.
    at = Connection.get("warehouse")
    options = {key: value for key, value in at.extra_dejson.items() if key.startswith(("ssl", "keepalive", "connect"))}
    return psycopg2.connect(
        host=at.host, port=at.port, user=at.login, password=at.password, dbname=at.schema, **options
    )


@contextmanager
def step() -> Iterator[Step]:
    """Run the try's step and record it in the audit trail, whatever its outcome.

    A verdict (score too low, totals that disagree) fails the task at once, as a retry cannot change it.
    """
    from retail import audit
    from retail.errors import Verdict
    from retail.settings import Settings

    context = get_current_context()
    run, ti = context["dag_run"], context["ti"]
    # A run without a logical date (triggered by hand or by an asset) has no interval: it covers everything up to now.
    end = run.data_interval_end or run.run_after
    start = run.data_interval_start or end
    attempt = audit.Try(ti.dag_id, ti.task_id, run.run_id, ti.try_number)
    try:
        with closing(_connect()) as trail, closing(_connect()) as conn, audit.recorded(trail, attempt):
            yield Step(conn, Settings.from_env(), f"{ti.dag_id}/{run.run_id}", start, end, attempt)
    except Verdict as verdict:
        raise AirflowFailException(str(verdict)) from verdict


def result(rows: int, **facts: Any) -> dict[str, Any]:
    """The return value of every task of the shop: `rows` and further facts."""
    return {"rows": rows, **facts}


def measure(**values: float) -> None:
    """Send the shop's own metrics to Prometheus as `app_shop_NAME`; those that end in `_total` are counters."""
    tags = {"dag_id": get_current_context()["ti"].dag_id}
    for name, value in values.items():
        send = Stats.incr if name.endswith("_total") else Stats.gauge
        send(f"app.shop_{name}", value, tags=tags)


def tell_lineage(load: int, *assets: Asset) -> None:
    """Add the load of core to the events of the task's *assets*."""
    events = get_current_context()["outlet_events"]
    for asset in assets:
        events[asset].extra = {"load": load}


def report_link() -> str:
    """The page of the run's report in the UI, as shop_report.py mounts it."""
    from airflow.sdk.configuration import conf

    run = get_current_context()["dag_run"]
    base = conf.get("api", "base_url", fallback="").rstrip("/")
    return f"{base}/dags/{run.dag_id}/runs/{quote(run.run_id, safe='')}/plugin/{REPORT_ROUTE}"


def send_mail(subject: str, html: str) -> bool:
    """Mail the address in the Airflow variable `mail_to`, and say whether there is one."""
    from airflow.providers.smtp.hooks.smtp import SmtpHook
    from airflow.sdk import Variable

    to = Variable.get("mail_to", default=None)
    if not to:
        log.warning("No mail was sent: set AIRFLOW_VAR_MAIL_TO (the Airflow variable mail_to) to an address.")
        return False
    with SmtpHook("smtp_default") as server:
        server.send_email_smtp(to=to, subject=subject, html_content=html)
    return True
