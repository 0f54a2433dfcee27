"""Score the rows of the warehouse: run the checks, keep samples of bad rows, compute score and grade."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from retail import checks, warehouse
from retail.entities import ENTITIES
from retail.errors import Verdict
from retail.warehouse import connection, cursor

SAMPLES_PER_CHECK = 5
_GRADES = ((95.0, "A"), (90.0, "B"), (80.0, "C"), (70.0, "D"))
_WORST_TOLD = 3


def grade_of(score: float) -> str:
    """A from 95, B from 90, C from 80, D from 70, else F."""
    return next((grade for least, grade in _GRADES if score >= least), "F")


def begin(conn: connection, run_id: str, as_of: datetime) -> int:
    """Open a run of the checks over every row whose moment lies before *as_of*, and return how many those are.

    A run that was there under this id is replaced. Raises Verdict when there is nothing to check.
    """
    with warehouse.transaction(conn) as cur:
        warehouse.require_schema(cur)
        rows = sum(_scope(cur, as_of).values())
        if rows == 0:
            raise Verdict(
                f"The warehouse holds no rows from before {as_of:%Y-%m-%d %H:%M} UTC, so there is nothing to check. "
                "Run weekly_full_pipeline first; it loads the shop's files."
            )
        warehouse.run(cur, "quality/begin_checks", run_id=run_id, as_of=as_of, rows=rows)
    return rows


def _scope(cur: cursor, as_of: datetime) -> dict[str, int]:
    """Restrict the checks to the rows before *as_of*, and count these by entity."""
    counts = {}
    for entity in ENTITIES:
        warehouse.run(cur, f"quality/changed_{entity}", as_of=as_of)
        counts[entity] = int(warehouse.one(cur, f"SELECT count(*) FROM pg_temp.{entity}"))  # noqa: S608 # nosec B608
    return counts


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of one dimension's checks: *offences* adds up over its checks, a row may count twice."""

    dimension: str
    rows: int
    checks: int
    offences: int
    seconds: float


def check_dimension(conn: connection, run_id: str, dimension: str) -> Checked:
    """Run one dimension's checks over an open run's rows and store what they found, in place of an earlier try."""
    began = time.monotonic()
    offences = 0
    with warehouse.transaction(conn, snapshot=True) as cur:
        as_of = warehouse.one(cur, "SELECT as_of FROM quality.runs WHERE run_id = %(run)s", {"run": run_id})
        if as_of is None:
            raise Verdict(f"Run {run_id} was never opened. Clear its first task to start it over.")
        # The dimensions run in parallel: a second core for one of them would be missing for another.
        cur.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        counts = _scope(cur, as_of)
        cur.execute("DELETE FROM quality.results WHERE run_id = %s AND dimension = %s", (run_id, dimension))
        found = checks.of_dimension(dimension)
        for check in found:
            offences += _run_check(cur, run_id, check, counts[check.entity])
    return Checked(dimension, sum(counts.values()), len(found), offences, round(time.monotonic() - began, 3))


def _run_check(cur: cursor, run_id: str, check: checks.Check, rows: int) -> int:
    began = time.monotonic()
    cur.execute("DROP TABLE IF EXISTS pg_temp.offenders")
    cur.execute(f"CREATE TEMP TABLE offenders ON COMMIT DROP AS {check.sql}")
    offenders = cur.rowcount
    facts = {
        "run_id": run_id,
        "check": check.name,
        "dimension": check.dimension,
        "entity": check.entity,
        "column": check.column,
        "severity": check.severity,
        "weight": check.weight,
        "owner": check.owner,
        "reason": check.reason,
        "rows": rows,
        "offenders": offenders,
        "seconds": time.monotonic() - began,
        "samples": SAMPLES_PER_CHECK,
    }
    warehouse.run(cur, "quality/add_result", **facts)
    if offenders:
        warehouse.run(cur, "quality/add_samples", **facts)
    return offenders


@dataclass(frozen=True, slots=True)
class Score:
    """The outcome of a run: *score* 0 to 100, *by_dimension* likewise, *worst* the costliest checks in words."""

    score: float
    grade: str
    rows: int
    by_dimension: dict[str, float]
    worst: list[str]


def score(conn: connection, run_id: str, threshold: float) -> Score:
    """Weigh a run's results into its score, store it, and raise Verdict when it falls under *threshold*.

    score = 100 x (1 - sum(weight x offenders) / rows), at least 0: what part of the rows is fit for use, where
    a weight says how much of a row is lost by that offence. Raises Verdict too when a dimension is missing.
    """
    with warehouse.transaction(conn) as cur:
        found = warehouse.run(cur, "quality/score", run_id=run_id)
        told = {row[0] for row in found}
        missing = [name for name in checks.DIMENSIONS if name not in told]
        if missing:
            raise Verdict(f"Run {run_id} has no results for {', '.join(missing)}. Clear those checks to run again.")
        rows = max(int(row[1]) for row in found)
        lost = {row[0]: float(row[2]) for row in found}
        by_dimension = {name: _percent(lost[name], rows) for name in checks.DIMENSIONS}
        overall = _percent(sum(lost.values()), rows)
        grade = grade_of(overall)
        warehouse.run(
            cur, "quality/store_score", run_id=run_id, score=overall, grade=grade, threshold=threshold, rows=rows
        )
        worst = _worst(cur, run_id)
    result = Score(overall, grade, rows, by_dimension, worst)
    # Raised after the commit, so that a low score stays on record.
    if overall < threshold:
        raise Verdict(
            f"The quality score is {overall:.2f} (grade {grade}), under the threshold of {threshold:g}. "
            f"Costliest: {'; '.join(worst)}. All results: quality.results of run {run_id}. Have the owners correct "
            "their source, or change RETAIL_SCORE_THRESHOLD."
        )
    return result


def _percent(lost: float, rows: int) -> float:
    return round(max(0.0, 100.0 * (1 - lost / rows)), 3)


def _worst(cur: cursor, run_id: str) -> list[str]:
    rows: Sequence[tuple[str, int, str, str]] = warehouse.run(cur, "quality/worst", run_id=run_id, count=_WORST_TOLD)
    return [f"{name} {count:,} rows, owner {owner}, such as {where}" for name, count, owner, where in rows]
