"""What each container of a running stack costs while nothing runs: memory, and CPU over a minute.

    python tests/compose/cost.py [CHECKOUT]

Prints a line per service, as docs/compose.md has them; health checks are part of it, as they run in the containers.
"""

import json
import os
import sys
import time
from pathlib import Path

import httpx

from airfleet.config.paths import Paths
from airfleet.stack.docker import compose

SECONDS = 60


def cpu_seconds(container: str) -> float:
    """Return the CPU time that all processes of the container have used, ended ones too."""
    socket = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
    with httpx.Client(transport=httpx.HTTPTransport(uds=socket)) as client:
        asked = {"stream": "false", "one-shot": "true"}
        found = client.get(f"http://docker/containers/{container}/stats", params=asked).json()
    return float(found["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9


def main(root: Path) -> None:
    """Measure, and print."""
    stack = compose.Compose(Paths(root), monitoring=True)
    found = [c for c in stack.containers() if c["State"] == "running"]
    before = {c["ID"]: cpu_seconds(c["ID"]) for c in found}
    time.sleep(SECONDS)
    after = {c["ID"]: cpu_seconds(c["ID"]) for c in found}
    memory = compose.memory_bytes([c["ID"] for c in found])
    rows = sorted((c["Service"], memory[c["ID"]] / 1e6, after[c["ID"]] - before[c["ID"]]) for c in found)
    for service, megabytes, seconds in [*rows, ("all", sum(r[1] for r in rows), sum(r[2] for r in rows))]:
        print(f"| `{service}` | {megabytes:.0f} MB | {100 * seconds / SECONDS:.1f} % |")
    print(json.dumps({"seconds": SECONDS, "containers": len(rows)}))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve())
