"""The mail about a missed deadline, from the context that Airflow itself puts together."""

from __future__ import annotations

import asyncio

import pytest
from airflow.api_fastapi.core_api.datamodels.dag_run import DAGRunResponse

from airfleet.sla import deadline


def test_the_mail_names_the_run_and_links_to_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, str, str]] = []
    monkeypatch.setattr(deadline, "_send", lambda *mail: sent.append(mail))
    monkeypatch.setenv("AIRFLOW_VAR_MAIL_TO", "team@example.com")
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://flow.example.com")
    # What scheduler code puts into a callback: airflow.models.deadline, get_simple_context.
    run = DAGRunResponse.model_construct(dag_run_id="manual__2026-01-01T00:00:00+00:00", dag_id="sales")
    assert set(DAGRunResponse.model_fields) >= {"dag_run_id", "dag_id"}
    asyncio.run(
        deadline.mail_missed_deadline(alert="run", allowed="0:01:00", context={"dag_run": run.model_dump(mode="json")})
    )
    ((to, subject, text),) = sent
    assert (to, subject) == ("team@example.com", "Deadline missed: sales")
    assert ">manual__2026-01-01T00:00:00+00:00</a>" in text
    assert 'href="https://flow.example.com/dags/sales/runs/manual__2026-01-01T00%3A00%3A00%2B00%3A00"' in text
