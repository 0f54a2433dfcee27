"""OpenTelemetry traces of Airflow, on where .env names a receiver (OTLP over HTTP).

airflow_local_settings.py calls `provide` wherever Airflow is initialised, just before Airflow reads these variables.
Every role but a worker sends from a thread of its own, as Airflow does it. A worker is told here not to, as each task
would send before it ends and hold its slot until the receiver has answered; task_traces does it instead.
"""

import os

from airfleet.runtime.patches import process
from airfleet.runtime.patches.patch import WORKER

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TIMEOUT = "OTEL_EXPORTER_OTLP_TIMEOUT"
_GIVEN = {
    # The run is chosen as it is made, and each of its tasks follows.
    "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
    # gRPC, Airflow's default, holds threads and locks that a fork breaks.
    "OTEL_TRACES_EXPORTER": "otlp_proto_http",
    # Seconds; a role that is stopped while the receiver is away waits that long.
    TIMEOUT: "2",
}


def is_on() -> bool:
    """Return whether .env names a receiver."""
    return bool(os.environ.get(ENDPOINT))


def provide() -> None:
    """Put what Airflow and OpenTelemetry read into this process's environment; variables of a team's own stay."""
    if not is_on():
        return
    role = process.role()
    for name, value in {**_GIVEN, "OTEL_SERVICE_NAME": role or "airflow"}.items():
        os.environ.setdefault(name, value)
    os.environ["AIRFLOW__TRACES__OTEL_ON"] = str(role != WORKER)
