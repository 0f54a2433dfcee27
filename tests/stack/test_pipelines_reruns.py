"""Backfill, clear, rerun and overlapping runs through Airflow itself: the rows are those of one run."""

from datetime import date, datetime, timedelta

from support.checkout import Checkout, wait_until
from support.rest import Rest
from support.warehouse import Connect, checksums, query

from airfleet.operate.airflow_api import AirflowApi, DagRun
from retail.generate import generate

# The days after the standard set, each with a drop file of its own.
FIRST, LAST = date(2026, 7, 15), date(2026, 7, 17)


def backfill(rest: Rest, dag_id: str, start: date, end: date, *, again: bool = False) -> int:
    """Start a backfill of the intervals that begin in [start, end], two at a time, and return its number."""
    body = {
        "dag_id": dag_id,
        "from_date": f"{start}T00:00:00+05:30",
        "to_date": f"{end}T23:59:00+05:30",
        "max_active_runs": 2,
        "reprocess_behavior": "completed" if again else "none",
    }
    number: int = rest.post("/api/v2/backfills", body)["id"]
    return number


def runs_of(rest: Rest, dag_id: str, number: int) -> list[dict]:
    """The finished runs of a backfill, oldest interval first."""
    wait_until(
        f"backfill {number} of {dag_id} is over",
        lambda: rest.get(f"/api/v2/backfills/{number}")["completed_at"],
        timeout_s=300,
    )
    found = rest.get(f"/api/v2/dags/{dag_id}/dagRuns", limit=100, order_by="logical_date")["dag_runs"]
    return [run for run in found if run["run_type"] == "backfill"]


def test_a_backfilled_night_takes_its_own_days_file_and_a_second_backfill_changes_nothing(
    rest: Rest, checkout: Checkout, connect: Connect
) -> None:
    generate(checkout.root / "data", through=LAST)
    # The night that begins on one day at 02:00 holds the start of the next.
    window = ("daily_quality_check", FIRST - timedelta(days=1), LAST - timedelta(days=1))
    first = runs_of(rest, window[0], backfill(rest, *window))
    assert [run["state"] for run in first] == ["success"] * 3, first
    loaded = query(
        connect, "SELECT name, run_id FROM raw.files WHERE name LIKE '%2026-07-1_.csv' ORDER BY name, run_id"
    )
    for day, run in zip((FIRST, FIRST + timedelta(days=1), LAST), first, strict=True):
        of_the_day = {run_id for name, run_id in loaded if name == f"transactions_{day}.csv"}
        assert of_the_day == {f"daily_quality_check/{run['dag_run_id']}"}, loaded
    rows = checksums(connect)
    again = runs_of(rest, window[0], backfill(rest, *window, again=True))
    assert [run["state"] for run in again] == ["success"] * 3
    assert {run["dag_run_id"] for run in again} == {run["dag_run_id"] for run in first}
    assert all(run["start_date"] > was["end_date"] for run, was in zip(again, first, strict=True))
    assert checksums(connect) == rows


def test_overlapping_runs_and_clears_of_all_three_dags_leave_the_rows_of_one(
    rest: Rest, api: AirflowApi, connect: Connect
) -> None:
    weekly = next(run for run in api.runs("weekly_full_pipeline") if run.state == "success")
    rest.clear(weekly)
    assert rest.finished(weekly) == "success"
    rows = checksums(connect)
    number = backfill(rest, "weekly_full_pipeline", date(2026, 7, 19), date(2026, 7, 26))
    cleared = [next(run for run in api.runs(dag_id) if run.state == "success") for dag_id in DAILY]
    for run in cleared:
        rest.clear(run)
    backfilled = runs_of(rest, "weekly_full_pipeline", number)
    assert [run["state"] for run in backfilled] == ["success"] * 2
    for run in cleared:
        assert rest.finished(run) == "success", rest.states(run)
    assert _overlap(backfilled[0], backfilled[1]), backfilled
    for run in cleared:
        assert _overlap(_times(rest, run), backfilled[0]), (run, backfilled)
    assert checksums(connect) == rows
    assert query(connect, "SELECT sum(missing) FROM raw.accounting") == [(0,)]


DAILY = ("daily_quality_check", "refresh_aggregations")


def _times(rest: Rest, run: DagRun) -> dict:
    found: dict = rest.get(f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}")
    return found


def _overlap(one: dict, other: dict) -> bool:
    (start, end), (other_start, other_end) = (
        (datetime.fromisoformat(run["start_date"]), datetime.fromisoformat(run["end_date"])) for run in (one, other)
    )
    return start < other_end and other_start < end
