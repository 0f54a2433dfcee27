"""`python -m bench.shop SCALE...`: measure the shop's pipelines at each data scale, and keep it in docs/shop.json.

Postgres and Redis run alone meanwhile, with every database made and empty, and are deleted afterwards with all data.
"""

import argparse
import json
import math
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.operate import first_runs
from airfleet.operate.alone import alone
from bench import evidence
from bench.instance import OURS, instances
from bench.suites import SHOP


def main() -> int:
    """Measure what is missing until one fails; return 1 when one did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scales", nargs="+", metavar="SCALE", help="of the generated data: 1 is 60,495 records")
    parser.add_argument("--again", action="store_true", help="measure also what is there of the present sources")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no further scale after so many minutes")
    asked = parser.parse_args()
    at = Paths()
    keeper = evidence.Keeper(SHOP, at.root)
    until = time.monotonic() + asked.minutes * 60
    for scale in asked.scales if asked.again else keeper.missing(asked.scales):
        if time.monotonic() > until:
            break
        began = time.monotonic()
        found = _measure(at, scale)
        scales = evidence.read(keeper.path).get("scales", {}) | ({scale: found} if found else {})
        took = time.monotonic() - began
        changed = keeper.keep(scale, passed=bool(found), seconds=took, results={"scales": scales})
        print(json.dumps(found, indent=1))
        if changed:
            print(f"Sources changed meanwhile: {', '.join(changed[:3])}. This is no evidence.", file=sys.stderr)
        if changed or not found:
            return 1
    return 0


def _measure(at: Paths, scale: str) -> dict[str, Any]:
    """Return the figures of one scale, none when a step failed."""
    with alone(at, "bench"), instances(at, OURS) as (one,), tempfile.TemporaryDirectory() as folder:
        one.stack.start_servers(lambda sentence: print(sentence, file=sys.stderr))
        environment = first_runs.preparation_environment(one.stack)
        figures = Path(folder) / "figures.json"
        for module, *arguments in (
            ("retail", "generate", "--scale", scale),
            ("retail.first_run",),
            ("retail.bench_load", scale, "--to", str(figures)),
        ):
            if one.stack.run_command(module, arguments, environment):
                return {}
        found: dict[str, Any] = json.loads(figures.read_text())
        return found


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AirfleetError as error:
        sys.exit(str(error))
