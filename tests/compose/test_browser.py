"""A person with a browser: logs in, sees the Dags green, reads a task's log, looks at the workers.

The pictures go to AIRFLEET_PICTURES (default build/pictures); those in docs/pictures are taken from there.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from support.checkout import ROOT
from support.deployment import Deployment

PICTURES = Path(os.environ.get("AIRFLEET_PICTURES", ROOT / "build" / "pictures"))
DAGS = ("daily_quality_check", "refresh_aggregations", "weekly_full_pipeline")
# The first page loads megabytes of scripts on a machine that also runs the stack.
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        # Debian's own Chromium; without its sandbox, as tests may run as root.
        opened = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, stack: Deployment, first_rows: dict[str, int | None]) -> Iterator[Page]:
    """A page of the web UI, logged in as the administrator, once the first runs are through."""
    assert first_rows
    env = stack.env()
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    opened = context.new_page()
    opened.goto(stack.url("/"))
    opened.locator("input[name=username]").fill(env["ADMIN_USER"])
    opened.locator("input[name=password]").fill(env["ADMIN_PASSWORD"])
    opened.locator("input[type=submit], button[type=submit]").first.click()
    opened.wait_for_url(lambda url: "/auth/login" not in url)
    try:
        yield opened
    finally:
        opened.screenshot(path=PICTURES / "last-page.png")
        context.close()


def test_the_three_dags_are_green(page: Page, stack: Deployment) -> None:
    page.goto(stack.url("/dags"))
    for dag_id in DAGS:
        expect(page.get_by_role("link", name=dag_id, exact=True).first).to_be_visible(timeout=PATIENCE_MS)
        runs = page.request.get(stack.url(f"/api/v2/dags/{dag_id}/dagRuns?order_by=run_after&limit=1")).json()
        assert runs["dag_runs"][0]["state"] == "success", dag_id
    page.screenshot(path=PICTURES / "dags.png")
    page.goto(stack.url("/dags/weekly_full_pipeline"))
    expect(page.get_by_text("data_ingestion").first).to_be_visible(timeout=PATIENCE_MS)
    page.screenshot(path=PICTURES / "weekly.png")


def test_a_tasks_log_is_readable(page: Page, stack: Deployment) -> None:
    runs = page.request.get(stack.url("/api/v2/dags/weekly_full_pipeline/dagRuns?state=success&limit=1")).json()
    run_id = runs["dag_runs"][0]["dag_run_id"]
    page.goto(stack.url(f"/dags/weekly_full_pipeline/runs/{run_id}/tasks/data_ingestion"))
    expect(page.get_by_text("60495").or_(page.get_by_text("60,495")).first).to_be_visible(timeout=PATIENCE_MS)
    page.screenshot(path=PICTURES / "log.png")


def test_the_report_is_a_tab_of_its_run(page: Page, stack: Deployment) -> None:
    runs = page.request.get(stack.url("/api/v2/dags/weekly_full_pipeline/dagRuns?state=success&limit=1")).json()
    run_id = runs["dag_runs"][0]["dag_run_id"]
    page.goto(stack.url(f"/dags/weekly_full_pipeline/runs/{run_id}"))
    page.get_by_role("link", name="Report", exact=True).click()
    report = page.frame_locator("iframe[title=Report]")
    expect(report.get_by_role("heading", name="Weekly shop report")).to_be_visible(timeout=PATIENCE_MS)
    expect(report.get_by_text("Net sales by day")).to_be_visible()
    page.screenshot(path=PICTURES / "report-tab.png")


def test_flower_shows_the_workers(browser: Browser, stack: Deployment) -> None:
    env = stack.env()
    login = {"username": env["FLOWER_USER"], "password": env["FLOWER_PASSWORD"]}
    context = browser.new_context(viewport={"width": 1440, "height": 700}, http_credentials=login)
    page = context.new_page()
    page.goto(stack.flower("/workers"))
    names = {state.celery_name for state in stack.docker().states() if state.celery_name}
    assert names
    for name in names:
        expect(page.get_by_text(name, exact=True).first).to_be_visible(timeout=PATIENCE_MS)
    page.screenshot(path=PICTURES / "flower.png")
    context.close()
