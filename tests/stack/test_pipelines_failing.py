"""A failure at each of the weekly pipeline's six stages, planted where it would come from on a running stack.

For each: the state of the task and of what follows it, the mail, the audit trail, what readers see meanwhile, and that
clearing the run after the cure brings it through.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.checkout import Checkout, wait_until
from support.rest import Rest
from support.shop import SALES, sale
from support.warehouse import Connect, checksums, query

from airfleet.operate.airflow_api import AirflowApi, DagRun
from airfleet.stack.embedded.stack import EmbeddedStack
from airfleet.stack.mailbox import Mail

STAGES = ("data_validation", "data_ingestion", "data_transformation", "quality_checks", "reporting", "completion")
MAIL_CATCHER = "mail"


@dataclass(frozen=True)
class Shop:
    """The running shop, to be spoilt."""

    data: Path
    connect: Connect
    stack: EmbeddedStack
    run: DagRun

    def sales(self, count: int, **first: str) -> list[str]:
        """Rows of one day by a customer and of a product that the shop knows; *first* replaces cells of the first."""
        (customer,) = query(self.connect, "SELECT min(customer_id) FROM core.customers")[0]
        product, cents = query(
            self.connect, "SELECT product_id, list_price_cents FROM core.products ORDER BY product_id LIMIT 1"
        )[0]
        price = f"{cents / 100:.2f}"
        cells = {"customer_id": customer, "product_id": product, "unit_price": price, "quantity": "1"}
        cells |= {"discount": "0.00", "total": price}
        day = "2026-08-01"
        return [sale("AUG-0", day, **(cells | first)), *(sale(f"AUG-{n}", day, **cells) for n in range(1, count))]

    def drop(self, rows: list[str]) -> Path:
        """Put the day's file in place, as a source system would."""
        path = self.data / "source" / "transactions_2026-08-01.csv"
        path.with_suffix(".part").write_text(SALES + "".join(rows))
        return path.with_suffix(".part").replace(path)


@pytest.fixture
def shop(checkout: Checkout, connect: Connect, stack: EmbeddedStack, api: AirflowApi) -> Shop:
    run = api.runs("weekly_full_pipeline")[-1]
    return Shop(checkout.root / "data", connect, stack, run)


@contextmanager
def a_source_file_is_missing(shop: Shop) -> Iterator[None]:
    path = shop.data / "source" / "products.csv"
    aside = path.rename(shop.data / "products.csv")
    try:
        yield
    finally:
        aside.rename(path)


@contextmanager
def too_many_rows_are_bad(shop: Shop) -> Iterator[None]:
    shop.drop(shop.sales(10, quantity="0"))
    try:
        yield
    finally:
        shop.drop(shop.sales(10))


@contextmanager
def a_mart_loses_a_row(shop: Shop) -> Iterator[None]:
    """Something beside the shop's code keeps one day out of a mart."""
    query(
        shop.connect,
        "CREATE FUNCTION marts.lose_a_day() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF NEW.day = '2026-03-08' THEN RETURN NULL; END IF; RETURN NEW; END $$; "
        "CREATE TRIGGER lose_a_day BEFORE INSERT ON marts.daily_sales FOR EACH ROW EXECUTE FUNCTION marts.lose_a_day()",
        "warehouse_loader",
    )
    try:
        yield
    finally:
        query(shop.connect, "DROP FUNCTION marts.lose_a_day CASCADE", "warehouse_loader")


@contextmanager
def a_source_repeats_itself(shop: Shop) -> Iterator[None]:
    """One sale 12,000 times over: no row is bad, and the whole is not fit for use."""
    rows = shop.sales(10)
    shop.drop([*rows, *[rows[0]] * 12_000])
    try:
        yield
    finally:
        shop.drop(rows)


@contextmanager
def the_reports_folder_is_no_folder(shop: Shop) -> Iterator[None]:
    folder = shop.data / "reports"
    aside = folder.rename(shop.data / "reports aside")
    folder.write_text("in the way")
    try:
        yield
    finally:
        folder.unlink()
        aside.rename(folder)


@contextmanager
def the_score_is_gone(shop: Shop) -> Iterator[None]:
    row = f"run_id = '{shop.run.dag_id}/{shop.run.run_id}'"
    query(shop.connect, f"UPDATE quality.runs SET score = NULL WHERE {row}", "warehouse_loader")
    yield


@dataclass(frozen=True)
class Failure:
    """How a stage is made to fail, words that the mail must hold, and from which stage on the run is cleared."""

    planted: Callable[[Shop], AbstractContextManager[None]]
    said: tuple[str, ...]
    clear_from: str
    readers_see_the_former_rows: bool


FAILURES = {
    "data_validation": Failure(
        a_source_file_is_missing, ("holds no file of products", "retail generate"), "data_validation", True
    ),
    "data_ingestion": Failure(
        too_many_rows_are_bad,
        ("Too many bad rows", "transactions_2026-08-01.csv: 1 of 10 rows", "line 2", "quantity"),
        "data_validation",
        True,
    ),
    "data_transformation": Failure(
        a_mart_loses_a_row, ("marts.daily_sales came out", "former rows were kept"), "data_transformation", True
    ),
    "quality_checks": Failure(
        a_source_repeats_itself,
        ("under the threshold of 90", "transactions_duplicate_identical 12,", "transactions_2026-08-01.csv line"),
        "data_validation",
        False,
    ),
    "reporting": Failure(
        the_reports_folder_is_no_folder, ("The report cannot be written", "reports"), "reporting", True
    ),
    "completion": Failure(the_score_is_gone, ("no quality score", "quality_checks"), "completion", True),
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_that_fails_stops_the_run_at_once_is_mailed_and_a_clear_after_the_cure_brings_it_through(
    stage: str, shop: Shop, rest: Rest
) -> None:
    failure = FAILURES[stage]
    before, caught, tried = checksums(shop.connect), len(shop.stack.mails()), len(_tries(shop, stage))
    with failure.planted(shop):
        rest.clear(shop.run, failure.clear_from)
        assert rest.finished(shop.run) == "failed"
        place = STAGES.index(stage)
        wanted = dict.fromkeys(STAGES[:place], "success") | {stage: "failed"}
        assert rest.states(shop.run) == wanted | dict.fromkeys(STAGES[place + 1 :], "upstream_failed")
        mail = wait_until("the mail is there", lambda: _failure_mail(shop.stack.mails()[caught:]))
        assert mail.subject.startswith(f"Failed: weekly_full_pipeline.{stage} (try ")
        for words in (*failure.said, f"/dags/weekly_full_pipeline/runs/{shop.run.run_id.split('+')[0][:12]}", stage):
            assert words in mail.text, mail.text
        # One try, no retry: a verdict stays what it is.
        failed = _tries(shop, stage)[: -tried or None]
        assert [outcome for outcome, _ in failed] == ["verdict"], failed
        assert failure.said[0] in failed[0][1]
        if failure.readers_see_the_former_rows:
            assert checksums(shop.connect) == before
    rest.clear(shop.run, "quality_checks" if stage == "completion" else failure.clear_from)
    assert rest.finished(shop.run) == "success", rest.states(shop.run)
    assert _tries(shop, stage)[0][0] == "success"
    assert query(shop.connect, "SELECT sum(missing) FROM raw.accounting") == [(0,)]
    told = [mail.subject for mail in shop.stack.mails()[caught:]]
    assert told[-1].startswith("Shop week to "), told


def test_a_mail_server_that_is_away_is_tried_again_later_and_the_mail_comes_once_it_is_back(
    shop: Shop, rest: Rest
) -> None:
    caught, tried = len(shop.stack.mails()), len(_tries(shop, "completion"))
    shop.stack.manager.stop(MAIL_CATCHER, wait=True)
    try:
        rest.clear(shop.run, "completion")
        wait_until(
            "completion waits for its next try",
            lambda: rest.states(shop.run)["completion"] == "up_for_retry",
            timeout_s=120,
        )
        failed = _tries(shop, "completion")[: -tried or None]
        assert [outcome for outcome, _ in failed] == ["error"], failed
        assert "refused" in failed[0][1]
    finally:
        shop.stack.manager.start(MAIL_CATCHER)
    wait_until("the mail server is back", lambda: all(state.healthy for state in shop.stack.states()))
    # Without the clear the same would come by itself, five minutes after the first try.
    rest.clear(shop.run, "completion")
    assert rest.finished(shop.run) == "success"
    subjects = [mail.subject for mail in shop.stack.mails()[caught:]]
    assert len([subject for subject in subjects if subject.startswith("Shop week to ")]) == 1, subjects


def test_the_audit_command_shows_the_tries_of_a_run_with_what_was_said(shop: Shop, checkout: Checkout) -> None:
    printed = checkout.json("audit", "--dag", shop.run.dag_id, "--run", shop.run.run_id, "--count", "500")
    kept = query(
        shop.connect,
        "SELECT task_id, outcome, message, rows_in, rows_out, source_sha256 FROM audit.task_tries "
        f"WHERE dag_id = '{shop.run.dag_id}' AND run_id = '{shop.run.run_id}' ORDER BY started_at DESC",
    )
    columns = ("task_id", "outcome", "message", "rows_in", "rows_out", "source_sha256")
    assert [tuple(row[name] for name in columns) for row in printed] == kept
    assert {row["task_id"] for row in printed} == set(STAGES)
    assert {row["outcome"] for row in printed} >= {"success"}
    assert "weekly_full_pipeline" in checkout.airfleet("audit", "--count", "5", "--outcome", "success").stdout


def _failure_mail(mails: list[Mail]) -> Mail | None:
    return next((mail for mail in mails if mail.subject.startswith("Failed: ")), None)


def _tries(shop: Shop, stage: str) -> list[tuple[str, str]]:
    """Outcome and message of each of the stage's tries in the audit trail, newest first."""
    return query(
        shop.connect,
        "SELECT outcome, message FROM audit.task_tries "
        f"WHERE dag_id = '{shop.run.dag_id}' AND run_id = '{shop.run.run_id}' AND task_id = '{stage}' "
        "ORDER BY started_at DESC",
    )
