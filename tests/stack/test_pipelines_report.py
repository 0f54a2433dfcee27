"""The report of a run in the UI, and the lineage: what a manager and a data engineer look at, and who may not."""

from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from support.checkout import Checkout
from support.rest import Rest, browser
from support.warehouse import MARTS

from airfleet.config.settings import Settings
from airfleet.operate.airflow_api import AirflowApi, DagRun
from airfleet.stack.embedded.stack import EmbeddedStack

PREFIX = "/shop/reports"


@pytest.fixture(scope="module")
def logged_in(settings: Settings, first_up: str) -> Iterator[httpx.Client]:
    client = browser(settings)
    yield client
    client.close()


@pytest.fixture
def run(api: AirflowApi) -> DagRun:
    return next(run for run in api.runs("weekly_full_pipeline") if run.state == "success")


def test_the_report_of_a_run_is_a_tab_of_that_run_for_who_is_logged_in(
    rest: Rest, logged_in: httpx.Client, run: DagRun
) -> None:
    plugins = rest.get("/api/v2/plugins", limit=100)["plugins"]
    (view,) = next(plugin["external_views"] for plugin in plugins if plugin["name"] == "shop_report")
    assert view["destination"] == "dag_run"
    # What the UI makes of the link; its base is the root here.
    href = view["href"].replace("{DAG_ID}", quote(run.dag_id)).replace("{RUN_ID}", quote(run.run_id, safe=""))
    page = logged_in.get(f"/{href}")
    assert page.status_code == 200
    assert f"{run.dag_id}/{run.run_id}" in page.text
    assert "Weekly shop report" in page.text and "<svg" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]


def test_the_completion_mail_links_the_tab(run: DagRun, stack: EmbeddedStack, settings: Settings) -> None:
    mails = [mail for mail in stack.mails() if mail.subject.startswith("Shop week to ")]
    link = f"http://localhost:{settings.webserver_port}/dags/{run.dag_id}/runs/"
    assert any(link in mail.text and "/plugin/shop-report" in mail.text for mail in mails), mails


def test_without_a_login_or_the_right_to_the_dag_there_is_no_report(
    rest: Rest, run: DagRun, settings: Settings
) -> None:
    base = f"http://localhost:{settings.webserver_port}"
    url = f"{base}{PREFIX}/{run.dag_id}/{run.run_id}"
    anonymous = httpx.get(url, trust_env=False)
    assert anonymous.status_code == 401
    assert "<svg" not in anonymous.text
    for forged in ("x", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."):
        assert httpx.get(url, cookies={"_token": forged}, trust_env=False).status_code in (401, 403)
    person = {"username": "nobody", "password": "correct horse battery"}
    names = {"first_name": "No", "last_name": "Body", "email": "nobody@example.com"}
    rest.post("/auth/fab/v1/users", person | names | {"roles": [{"name": "Public"}]})
    token = httpx.post(f"{base}/auth/token", json=person, trust_env=False).json()["access_token"]
    refused = httpx.get(url, headers={"Authorization": f"Bearer {token}"}, trust_env=False)
    assert refused.status_code == 403
    assert "<svg" not in refused.text


@pytest.mark.parametrize(
    "path",
    [
        "weekly_full_pipeline/..%2F..%2F..%2F.env",
        "..%2F..%2F.env/x",
        "..%2Fsource%2Fcustomers.csv",
        "../../.env",
        "weekly_full_pipeline/%00",
        "weekly_full_pipeline/no_such_run",
        "%2Fetc%2Fpasswd/x",
        "",
    ],
)
def test_no_other_file_can_be_asked_for(logged_in: httpx.Client, checkout: Checkout, path: str) -> None:
    answer = logged_in.get(httpx.URL(str(logged_in.base_url), raw_path=f"{PREFIX}/{path}".encode()))
    # Where the path leads out of the reports, Airflow's own page answers, empty until its script runs.
    assert answer.status_code == 404 or 'id="root"' in answer.text, (answer.status_code, answer.text[:300])
    for secret in ("ADMIN_PASSWORD", "root:", "customer_id", checkout.env()["JWT_SECRET"]):
        assert secret not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_the_report_can_only_be_read(logged_in: httpx.Client, run: DagRun, method: str) -> None:
    assert logged_in.request(method, f"{PREFIX}/{run.dag_id}/{run.run_id}").status_code == 405


def test_a_link_in_the_reports_folder_is_not_followed(logged_in: httpx.Client, checkout: Checkout, run: DagRun) -> None:
    from retail.report import file_name

    planted = checkout.root / "data" / "reports" / file_name(f"{run.dag_id}/planted")
    planted.symlink_to(checkout.root / ".env")
    try:
        answer = logged_in.get(f"{PREFIX}/{run.dag_id}/planted")
    finally:
        planted.unlink()
    assert answer.status_code == 404
    assert "PASSWORD" not in answer.text


def test_the_marts_know_the_load_they_came_from(rest: Rest, api: AirflowApi) -> None:
    assets = {asset["name"]: asset for asset in rest.get("/api/v2/assets", limit=100)["assets"]}
    core = assets["shop_core"]
    made_by = {(task["dag_id"], task["task_id"]) for task in core["producing_tasks"]}
    assert made_by == {("weekly_full_pipeline", "data_ingestion"), ("daily_quality_check", "validate_data_schema")}
    read_by = {(task["dag_id"], task["task_id"]) for task in core["consuming_tasks"]}
    assert ("weekly_full_pipeline", "data_transformation") in read_by
    assert {("refresh_aggregations", f"refresh_{mart}") for mart in MARTS} <= read_by

    def event(name: str, run: DagRun) -> dict:
        found = rest.get(
            "/api/v2/assets/events",
            asset_id=assets[name]["id"],
            source_dag_id=run.dag_id,
            source_run_id=run.run_id,
            limit=1,
        )["asset_events"]
        return found[0]

    for run in api.runs("weekly_full_pipeline"):
        load = event("shop_core", run)
        assert load["source_task_id"] == "data_ingestion"
        for mart in MARTS:
            built = event(f"shop_{mart}", run)
            assert built["source_task_id"] == "data_transformation"
            assert built["extra"]["load"] == load["extra"]["load"] >= 1
