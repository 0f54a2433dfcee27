"""`python -m bench.ablation`: what each group of changes to Airflow gains, into docs/ablation.json.

A pair is this deployment with all changes and without one group's, each started anew, with the machine to itself: its
start, a burst, a chain, and a spell of idling. A run ends before its time is over and goes on where the last one ended:
pairs are kept one by one, with the digest of the sources that they are about.
"""

import argparse
import math
import sys
import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.operate.alone import alone
from airfleet.runtime.patches import switch
from airfleet.runtime.patches.registry import PATCHES
from airfleet.stack.protocol import Say
from bench import alternation, compare, evidence, summary
from bench.instance import OURS, PLAIN, instances
from bench.suites import ABLATION, ABLATION_GROUPS

PAIRS = 8
MINUTES = 60
PLAN = compare.Plan(pairs=1, burst=100, chain=10, starts=1, idles=1, idle_s=20, settle_s=20)
# What a gain is a part of. All but the first are the better the smaller they are.
FIGURES = (
    "burst_tasks_per_s",
    "burst_cpu_per_task_s",
    "chain_step_s",
    "chain_cpu_per_task_s",
    "idle_cores",
    "memory_mib",
    "startup_s",
    "startup_cpu_s",
)
_LARGER_IS_BETTER = FIGURES[0]
# An interval holds the median of all possible differences at least so often.
_COVERAGE = 0.9
_WITH, _WITHOUT = "with", "without"

Pair = Mapping[str, Mapping[str, float]]


def without(group: str) -> str:
    """Return the value of AIRFLEET_PATCHES that leaves out the changes of *group* alone."""
    return ",".join(patch.name for patch in PATCHES if patch.group != group)


def gains(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Return for each figure the median gain of *pairs*, in percent of the figure without the group, and its interval.

    The interval is that of the sign test, so that it asks nothing of how differences are distributed; there is none
    for fewer than five pairs.
    """
    found = {}
    for figure in FIGURES:
        sign = 1 if figure == _LARGER_IS_BETTER else -1
        percent = sorted(
            sign * 100 * (pair[_WITH][figure] - pair[_WITHOUT][figure]) / pair[_WITHOUT][figure] for pair in pairs
        )
        found[figure] = {"percent": round(median(percent), 1)} | _interval(percent)
    return found


def _interval(ordered: Sequence[float]) -> dict[str, Any]:
    """Return the narrowest interval between two of *ordered* that is symmetric in rank and covers enough."""
    count = len(ordered)
    for left_out in range((count - 1) // 2, -1, -1):
        outside = 2 * sum(math.comb(count, rank) for rank in range(left_out + 1)) / 2**count
        if 1 - outside >= _COVERAGE:
            bounds = [round(ordered[left_out], 1), round(ordered[count - 1 - left_out], 1)]
            return {"interval": bounds, "coverage": round(1 - outside, 3)}
    return {}


def pair(at: Paths, group: str, number: int, say: Say) -> dict[str, dict[str, float]]:
    """Measure this deployment with all changes and without those of *group*; who is first changes each time."""
    values = {_WITH: switch.ON, _WITHOUT: without(group)}
    found: dict[str, dict[str, float]] = {}
    for name in alternation.order((_WITH, _WITHOUT), number):
        say(f"{group}, pair {number + 1}: {name}")
        found[name] = _measured(at, values[name], say)
    return found


def _measured(at: Paths, patches: str, say: Say) -> dict[str, float]:
    samples = compare.Samples()
    with instances(at, OURS, size={**PLAIN, switch.VARIABLE: patches}) as (one,):
        compare.account_for_start(one, samples, say)
        compare.burst_and_chain(one, PLAN, samples, say)
        time.sleep(PLAN.settle_s)
        compare.idle(one, at, PLAN, samples, say)
    taken = {figure: values[0] for figure, values in samples.values[OURS].items()}
    taken["startup_cpu_s"] = sum(samples.details[OURS]["startup_cpu_s"][0].values())
    return {figure: round(taken[figure], 4) for figure in FIGURES}


class Ablation:
    """The pairs in docs/ablation.json of the checkout *at*; those about other sources are dropped."""

    def __init__(self, at: Paths) -> None:
        self._at, self._path = at, at.root / ABLATION.file
        self._keeper = evidence.Keeper(ABLATION, at.root)
        self._digest = evidence.Sources(at.root, ABLATION.about).digest

    def pairs(self, group: str) -> list[Pair]:
        """Return the pairs of *group* that are about the present sources."""
        kept = evidence.read(self._path).get("pairs", {}).get(group, {})
        return list(kept["pairs"]) if kept.get("sources") == self._digest else []

    def add(self, group: str, measured: Pair, seconds: float, wanted: int) -> None:
        """Keep one more pair, and with the last one of those *wanted* that the group is done."""
        pairs = [*self.pairs(group), measured]
        data = evidence.read(self._path)
        data.setdefault("pairs", {})[group] = {"sources": self._digest, "pairs": pairs}
        data.setdefault("groups", {})[group] = {
            "changes": [patch.name for patch in PATCHES if patch.group == group],
            "pairs": len(pairs),
            "gains": gains(pairs),
        }
        evidence.write(self._path, data | summary.conditions())
        if len(pairs) >= wanted and (changed := self._keeper.keep(group, passed=True, seconds=seconds)):
            raise AirfleetError(f"Sources changed while {group} was measured: {', '.join(changed[:3])}. Run it again.")


def run(at: Paths, groups: Sequence[str], wanted: int, minutes: float, say: Say) -> bool:
    """Measure until each of *groups* has the pairs *wanted*, or the *minutes* are nearly over; return whether all have.

    Groups take turns, so that a part that ends early has something of each.
    """
    ablation, began, longest_s = Ablation(at), time.monotonic(), 0.0
    while missing := [group for group in groups if len(ablation.pairs(group)) < wanted]:
        group = min(missing, key=lambda name: len(ablation.pairs(name)))
        pair_began = time.monotonic()
        if pair_began - began + longest_s > minutes * 60:
            return False
        measured = pair(at, group, len(ablation.pairs(group)), say)
        took = time.monotonic() - pair_began
        longest_s = max(longest_s, took)
        ablation.add(group, measured, took * wanted, wanted)
    return True


def main() -> None:
    """Measure what is missing, and say whether anything still is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--group", action="append", choices=ABLATION_GROUPS, help="only this group; may be repeated")
    parser.add_argument("--pairs", type=int, default=PAIRS, help=f"pairs of a group (default {PAIRS})")
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"end within these (default {MINUTES})")
    asked = parser.parse_args()
    at = Paths()
    with alone(at, "bench"):
        done = run(at, asked.group or ABLATION_GROUPS, asked.pairs, asked.minutes, lambda line: print(line, flush=True))
    print("Every group is measured." if done else "The time is over. Run it again for the pairs that are missing.")


if __name__ == "__main__":
    try:
        main()
    except AirfleetError as error:
        sys.exit(str(error))
