"""Write the dashboards and the alerts' links to them, or with --check list the committed files that differ."""

from __future__ import annotations

import sys
from pathlib import Path

from dashboards.alert_panels import numbered
from dashboards.board import to_json
from dashboards.flow import SCHEDULER, WORKERS
from dashboards.infrastructure import INFRASTRUCTURE
from dashboards.outcomes import RETRIES, SLA
from dashboards.overview import OVERVIEW
from dashboards.shop import SHOP
from dashboards.tasks import TASKS

BOARDS = (OVERVIEW, TASKS, SLA, RETRIES, SCHEDULER, WORKERS, INFRASTRUCTURE, SHOP)
FOLDER = Path(__file__).parents[1] / "grafana/dashboards"
ALERTS = Path(__file__).parents[1] / "prometheus/rules/alerts.yml"


def main() -> int:
    """Write every dashboard; with --check write none and return 1 when a file differs or is not a dashboard."""
    boards = {board.uid: to_json(board) for board in BOARDS}
    wanted = {FOLDER / f"{uid}.json": text for uid, text in boards.items()}
    wanted[ALERTS] = numbered(ALERTS.read_text(), boards)
    if "--check" not in sys.argv:
        for path, text in wanted.items():
            path.write_text(text)
        print(f"wrote {len(boards)} dashboards, and their panels into {ALERTS.name}")
        return 0
    there = {ALERTS, *FOLDER.glob("*.json")}
    differ = [path for path, text in wanted.items() if path not in there or path.read_text() != text]
    stray = sorted(there - set(wanted))
    for path in (*differ, *stray):
        print(f"{path.name} is not what monitoring/dashboards writes: run `make dashboards`")
    return 1 if differ or stray else 0


if __name__ == "__main__":
    sys.exit(main())
