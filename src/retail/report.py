"""The weekly report: one self-contained HTML page a manager would read."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup

from retail import warehouse
from retail.errors import Verdict
from retail.money import rupees
from retail.periods import SHOP_ZONE
from retail.warehouse import connection

_UNSAFE = re.compile(r"[^0-9A-Za-z._-]+")
_NAME_CHARS = 34
# A file's name may have 255 bytes; the rest is the digest and the ending.
_FILE_NAME_CHARS = 200


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days of the shop; money in cents."""

    first: date
    last: date
    orders: int
    units: int
    gross_cents: int
    refunded_cents: int
    net_cents: int

    @property
    def basket_cents(self) -> float:
        return self.net_cents / self.orders if self.orders else 0.0

    @property
    def refund_share(self) -> float:
        return self.refunded_cents / self.gross_cents if self.gross_cents else 0.0


@dataclass(frozen=True, slots=True)
class Facts:
    """The data of the report and the completion mail, read in one snapshot."""

    run_id: str
    as_of: datetime
    week: Week
    before: Week | None
    days: list[tuple[date, int]]
    months: list[tuple[Any, ...]]
    products: list[tuple[Any, ...]]
    segments: list[tuple[Any, ...]]
    score: float
    grade: str
    threshold: float
    rows: int
    trend: list[tuple[Any, ...]]
    problems: list[tuple[Any, ...]]
    books: list[tuple[Any, ...]]

    @property
    def net_change(self) -> float | None:
        """The week's net sales against the week before, as a share; None without one."""
        if self.before is None or not self.before.net_cents:
            return None
        return self.week.net_cents / self.before.net_cents - 1

    @property
    def quarantined(self) -> int:
        return sum(int(row[3]) for row in self.books)

    @property
    def read(self) -> int:
        return sum(int(row[1]) for row in self.books)


def gather(conn: connection, run_id: str, as_of: datetime) -> Facts:
    """Read the report's data; *run_id* is the run whose quality score it shows.

    Raises Verdict when there are no sales before *as_of* or the run has no score yet.
    """
    with warehouse.transaction(conn, snapshot=True) as cur:
        warehouse.require_schema(cur)
        weeks = {row[0]: Week(*row[1:]) for row in warehouse.run(cur, "report/weeks", before=as_of)}
        scored = warehouse.run(cur, "report/last_score", run_id=run_id)
        if 0 not in weeks:
            raise Verdict("The marts hold no sales to report. Run the steps before this one again.")
        if not scored:
            raise Verdict(f"Run {run_id} has no quality score. Clear its quality_checks task to run it again.")
        score, grade, threshold, rows, _ = scored[0]
        now = warehouse.one(cur, "SELECT clock_timestamp()")
        return Facts(
            run_id=run_id,
            as_of=as_of,
            week=weeks[0],
            before=weeks.get(1),
            days=[(row[0], int(row[1])) for row in warehouse.run(cur, "report/days", before=as_of)],
            months=warehouse.run(cur, "report/months"),
            products=warehouse.run(cur, "report/top_products"),
            segments=warehouse.run(cur, "report/segments"),
            score=float(score),
            grade=grade,
            threshold=float(threshold),
            rows=rows,
            trend=warehouse.run(cur, "report/quality_trend", until=now),
            problems=warehouse.run(cur, "report/problems", run_id=run_id),
            books=warehouse.run_text(
                cur, "SELECT entity, read, core, quarantined, identical_skipped FROM raw.accounting ORDER BY entity"
            ),
        )


def _draw(facts: Facts) -> dict[str, Markup]:
    # Imported here, because otherwise each parse and each task would load the drawing library (0.1 CPU s).
    from retail import report_charts

    labels = [f"{day:%d %b}" for day, _ in facts.days]
    months = [f"{row[0]:%b}" for row in facts.months]
    names = [" ".join(str(row[0]).split())[:_NAME_CHARS] for row in facts.products]
    drawn = {
        "daily": report_charts.line(
            "daily",
            labels,
            [cents for _, cents in facts.days],
            major=[f"{day:%d %b}" for day, _ in facts.days if day.day == 1],
        ),
        "monthly": report_charts.bars("monthly", months, [float(row[5]) for row in facts.months]),
        "products": report_charts.sideways("products", names, [float(row[4]) for row in facts.products]),
        "segments": report_charts.ring("segments", [(row[0], float(row[3])) for row in facts.segments]),
        "quality": report_charts.score_line(
            "quality",
            [f"{row[0].astimezone(SHOP_ZONE):%d %b %H:%M}" for row in facts.trend],
            [float(row[1]) for row in facts.trend],
            facts.threshold,
        ),
    }
    # pygal escapes the labels it writes; everything else on the page is escaped by the template.
    return {name: Markup(svg) for name, svg in drawn.items()}  # noqa: S704 - drawn by charts.py # nosec B704


def _percent(share: float | None, digits: int = 1) -> str:
    return "new" if share is None else f"{share * 100:+.{digits}f} %"


def environment() -> Environment:
    """The templates, with everything escaped."""
    made = Environment(loader=PackageLoader("retail"), autoescape=select_autoescape(default=True), trim_blocks=True)
    made.filters["rupees"] = rupees
    made.filters["change"] = _percent
    return made


def render(facts: Facts) -> str:
    """The report as HTML."""
    return environment().get_template("report.html.j2").render(facts=facts, charts=_draw(facts))


def file_name(run_id: str) -> str:
    """A run's report, as a file name that is safe everywhere.

    The digest keeps runs apart whose ids differ only in what a file name may not hold.
    """
    digest = hashlib.sha256(run_id.encode()).hexdigest()[:10]
    return f"{_UNSAFE.sub('_', run_id)[:_FILE_NAME_CHARS]}-{digest}.html"


def write(folder: Path, facts: Facts) -> Path:
    """Write the run's report under *folder* in one step, and return its path.

    Raises Verdict where the folder is not writable, as a retry cannot change that.
    """
    path = folder / file_name(facts.run_id)
    part = path.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_text(render(facts), encoding="utf-8")
        part.replace(path)
    except (PermissionError, FileExistsError, NotADirectoryError) as error:
        raise Verdict(
            f"The report cannot be written: {error.strerror} ({error.filename}). Make {folder} a folder that the "
            "workers' user may write to, then clear this task."
        ) from error
    return path
