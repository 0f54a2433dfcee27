"""Declare a task's SLA in one line beside the task, in a field that Airflow serialises.

    from airfleet.sla.declare import sla

    @task(**sla(minutes=5))
    def load() -> None: ...

Airflow itself has no task SLAs any more. The declaration is the task's ``doc_json``: it is shown among the task's
documents in the UI and reaches the metadata database with the serialised Dag. A Dag that cannot import this module may
write ``doc_json='{"sla_seconds": 300}'`` itself.
"""

from __future__ import annotations

import json
from datetime import timedelta

KEY = "sla_seconds"

# A failed last try leaves an XCom of this name and the try's number; a failed last try without one was killed.
END_MARK = "airfleet_end_"


def sla(limit: timedelta | None = None, *, hours: float = 0, minutes: float = 0, seconds: float = 0) -> dict[str, str]:
    """Return the task argument that declares how long one try may run.

    Give a timedelta or the parts of one. The time counts from the start of a try to its end; how long a whole
    run may take is the Dag's deadline. Raises ValueError unless the time is above 0.
    """
    total = limit or timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if total <= timedelta(0):
        raise ValueError(f"An SLA must be longer than 0, got {total}. Write sla(minutes=5), for instance.")
    return {"doc_json": json.dumps({KEY: total.total_seconds()})}


def read_sla(doc_json: str | None) -> float | None:
    """Return the SLA in seconds that a task's ``doc_json`` declares, or None when it declares none.

    Documents that are something else, and values that are no positive number, declare none.
    """
    if not doc_json or KEY not in doc_json:
        return None
    try:
        value = json.loads(doc_json)[KEY]
    except (ValueError, TypeError, KeyError):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return None
    return float(value)
