"""`python -m bench.ablation`: what each group of changes to Airflow gains, into docs/ablation.json.

A block measures this deployment with all changes, and once without those of each group, each time started anew and with
the machine to itself: its start, a burst, a chain, and a spell of idling. So one measurement with all changes makes a
pair for every group. Where in a block a measurement stands changes from block to block. A run ends before its time is
over and goes on where the last one ended: measurements are kept one by one, with the digest of their sources.
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
from bench import compare, evidence, summary
from bench.instance import OURS, PLAIN, instances
from bench.suites import ABLATION, ABLATION_GROUPS

BLOCKS = 8
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
# What the measurement with all changes is called in a block; the others have the name of the group that is left out.
ALL = "all"

Figures = Mapping[str, float]
Block = Mapping[str, Figures]


def without(group: str) -> str:
    """Return the value of AIRFLEET_PATCHES that leaves out the changes of *group* alone."""
    return ",".join(patch.name for patch in PATCHES if patch.group != group)


def gains(pairs: Sequence[tuple[Figures, Figures]]) -> dict[str, Any]:
    """Return for each figure the median gain of *pairs*, in percent of the figure without the group, and its interval.

    A pair has the figures with the group and those without it. The interval is that of the sign test, so that it asks
    nothing of how differences are distributed; there is none for fewer than five pairs.
    """
    found = {}
    for figure in FIGURES:
        sign = 1 if figure == _LARGER_IS_BETTER else -1
        percent = sorted(sign * 100 * (having[figure] - lacking[figure]) / lacking[figure] for having, lacking in pairs)
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


def order(groups: Sequence[str], number: int) -> list[str]:
    """Return what block *number* measures, in its order: each begins one further on, every other one backwards."""
    names = [ALL, *groups]
    first = number // 2 % len(names)
    turned = [*names[first:], *names[:first]]
    return turned[::-1] if number % 2 else turned


def measure(at: Paths, name: str, say: Say) -> dict[str, float]:
    """Return the figures of this deployment without the group *name*, or with all changes."""
    samples = compare.Samples()
    patches = switch.ON if name == ALL else without(name)
    with instances(at, OURS, size={**PLAIN, switch.VARIABLE: patches}) as (one,):
        compare.account_for_start(one, samples, say)
        compare.burst_and_chain(one, PLAN, samples, say)
        time.sleep(PLAN.settle_s)
        compare.idle(one, at, PLAN, samples, say)
    taken = {figure: values[0] for figure, values in samples.values[OURS].items()}
    taken["startup_cpu_s"] = sum(samples.details[OURS]["startup_cpu_s"][0].values())
    return {figure: round(taken[figure], 4) for figure in FIGURES}


class Ablation:
    """The blocks in docs/ablation.json of the checkout *at*; those about other sources are dropped."""

    def __init__(self, at: Paths) -> None:
        self._path = at.root / ABLATION.file
        self._keeper = evidence.Keeper(ABLATION, at.root)
        self._digest = evidence.Sources(at.root, ABLATION.about).digest

    def blocks(self) -> list[Block]:
        """Return the blocks that are about the present sources; the last ones may lack measurements."""
        kept = evidence.read(self._path)
        return list(kept["blocks"]) if kept.get("sources") == self._digest else []

    def add(self, number: int, name: str, figures: Figures) -> None:
        """Keep one measurement of block *number*, and what all of them say of each group."""
        blocks = [dict(block) for block in self.blocks()]
        blocks += [{} for _ in range(number + 1 - len(blocks))]
        blocks[number][name] = dict(figures)
        data = evidence.read(self._path) | {"sources": self._digest, "blocks": blocks}
        evidence.write(self._path, data | {"groups": _by_group(blocks)} | summary.conditions())

    def finish(self, group: str, seconds: float) -> None:
        """Keep that *group* has all its pairs; raises AirfleetError where sources changed meanwhile."""
        if changed := self._keeper.keep(group, passed=True, seconds=seconds):
            raise AirfleetError(f"Sources changed while {group} was measured: {', '.join(changed[:3])}. Run it again.")


def _by_group(blocks: Sequence[Block]) -> dict[str, Any]:
    found = {}
    for group in ABLATION_GROUPS:
        pairs = [(block[ALL], block[group]) for block in blocks if ALL in block and group in block]
        if pairs:
            changes = [patch.name for patch in PATCHES if patch.group == group]
            found[group] = {"changes": changes, "pairs": len(pairs), "gains": gains(pairs)}
    return found


def run(at: Paths, groups: Sequence[str], wanted: int, minutes: float, say: Say) -> bool:
    """Measure the blocks *wanted* of *groups* until the *minutes* are nearly over; return whether all are there.

    No measurement is begun that would not end in time.
    """
    ablation, began, longest_s = Ablation(at), time.monotonic(), 0.0
    for number in range(wanted):
        for name in order(groups, number):
            done = ablation.blocks()
            if number < len(done) and name in done[number]:
                continue
            one_began = time.monotonic()
            if one_began - began + longest_s > minutes * 60:
                return False
            say(f"block {number + 1} of {wanted}: {'all changes' if name == ALL else f'without {name}'}")
            ablation.add(number, name, measure(at, name, say))
            longest_s = max(longest_s, time.monotonic() - one_began)
    for group in groups:
        ablation.finish(group, time.monotonic() - began)
    return True


def main() -> None:
    """Measure what is missing, and say whether anything still is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--group", action="append", choices=ABLATION_GROUPS, help="only this group; may be repeated")
    parser.add_argument("--blocks", type=int, default=BLOCKS, help=f"pairs of each group (default {BLOCKS})")
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"end within these (default {MINUTES})")
    asked = parser.parse_args()
    at = Paths()
    with alone(at, "bench"):
        done = run(
            at, asked.group or ABLATION_GROUPS, asked.blocks, asked.minutes, lambda line: print(line, flush=True)
        )
    print("Every group is measured." if done else "The time is over. Run it again for the rest.")


if __name__ == "__main__":
    try:
        main()
    except AirfleetError as error:
        sys.exit(str(error))
