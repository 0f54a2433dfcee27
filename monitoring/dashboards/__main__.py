"""Write the dashboards, or with --check list the committed files that differ from them."""

from __future__ import annotations

import sys
from pathlib import Path

from dashboards.board import to_json
from dashboards.flow import SCHEDULER, WORKERS
from dashboards.infrastructure import INFRASTRUCTURE
from dashboards.outcomes import RETRIES, SLA
from dashboards.overview import OVERVIEW
from dashboards.shop import SHOP
from dashboards.tasks import TASKS

BOARDS = (OVERVIEW, TASKS, SLA, RETRIES, SCHEDULER, WORKERS, INFRASTRUCTURE, SHOP)
FOLDER = Path(__file__).parents[1] / "grafana/dashboards"


def main() -> int:
    """Write every dashboard; with --check write none and return 1 when a file differs or is not a dashboard."""
    wanted = {FOLDER / f"{board.uid}.json": to_json(board) for board in BOARDS}
    if "--check" not in sys.argv:
        for path, text in wanted.items():
            path.write_text(text)
        print(f"wrote {len(wanted)} dashboards")
        return 0
    there = set(FOLDER.glob("*.json"))
    differ = [path for path, text in wanted.items() if path not in there or path.read_text() != text]
    stray = sorted(there - set(wanted))
    for path in (*differ, *stray):
        print(f"{path.name} is not what monitoring/dashboards writes: run `make dashboards`")
    return 1 if differ or stray else 0


if __name__ == "__main__":
    sys.exit(main())
