"""A team's own Dags: dropped in, with a package, a connection, a deferrable task, mapping and a task group."""

from support.checkout import Checkout, wait_until
from support.held import Held

from airfleet.config.settings import Settings
from airfleet.operate.airflow_api import AirflowApi, TaskRun

DAG = '''
"""What a team brings."""
from datetime import timedelta

from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import Connection, dag, task, task_group


@dag(schedule=None, tags=["team"])
def team_dag():
    waited = TimeDeltaSensor(task_id="waited", delta=timedelta(seconds=2), deferrable=True)

    @task
    def uses_package() -> str:
        import pyfiglet

        return pyfiglet.__version__

    @task
    def uses_connection() -> str:
        connection = Connection.get("team_api")
        assert connection.password == "a-team-password"
        return connection.host

    @task
    def square(number: int) -> int:
        return number * number

    @task
    def total(squares: list[int]) -> dict:
        return {"rows": len(list(squares)), "sum": sum(squares)}

    @task_group
    def grouped():
        total(square.expand(number=list(range(50))))

    waited >> [uses_package(), uses_connection()] >> grouped()


team_dag()
'''


def test_a_teams_dag_runs_with_its_own_package_connection_deferral_mapping_and_group(
    checkout: Checkout, restarted: tuple[Held, list[TaskRun]], api: AirflowApi
) -> None:
    # By Airflow's own command line, which has to encrypt it with the stack's key.
    given = ("--conn-type", "http", "--conn-host", "team.example", "--conn-password", "a-team-password")
    checkout.airfleet("airflow", "connections", "add", "team_api", *given)
    checkout.add_dag("team_dag", DAG)
    wait_until("the new Dag is seen", lambda: api.dag("team_dag"), timeout_s=120)
    ran = checkout.json("run", "team_dag")
    assert ran["run"]["state"] == "success", ran
    squares = [task for task in ran["tasks"] if task["task_id"] == "grouped.square"]
    assert len(squares) == 50
    assert next(task["rows"] for task in ran["tasks"] if task["task_id"] == "grouped.total") == 50


def test_airflows_own_command_line_gets_its_options_and_says_how_it_ended(checkout: Checkout, first_up: str) -> None:
    said = checkout.airfleet("airflow", "connections", "--help").stdout
    assert "Usage: airflow connections" in said
    assert checkout.airfleet("airflow", "connections", "get", "no_such", check=False).returncode != 0


def test_a_failing_task_is_mailed_with_dag_task_try_error_and_log_link(
    checkout: Checkout, settings: Settings, api: AirflowApi
) -> None:
    wait_until("the Dag is known", lambda: api.dag("failing_dag"), timeout_s=120)
    done = checkout.airfleet("run", "failing_dag", check=False)
    assert done.returncode == 1
    assert "failing_dag failed" in done.stderr

    def the_mail() -> dict[str, str] | None:
        return next((mail for mail in checkout.json("mail") if "failing_dag" in mail["subject"]), None)

    mail = wait_until("the mail is there", the_mail)
    assert mail["to"] == settings.mail_to
    assert mail["subject"] == "Failed: failing_dag.breaks (try 1)"
    assert "planted failure <of a test> & more" in mail["text"]
    link = f"http://localhost:{settings.webserver_port}/dags/failing_dag/runs/"
    assert link in mail["text"]


def test_check_names_file_and_line_of_what_does_not_import(checkout: Checkout, first_up: str) -> None:
    folder = checkout.root / "broken dags"
    folder.mkdir()
    (folder / "broken.py").write_text("from airflow.sdk import dag\n\nimport no_such_package\n")
    done = checkout.airfleet("check", str(folder), check=False)
    assert done.returncode == 1
    assert "broken.py:3" in done.stderr
    assert "no_such_package" in done.stderr
    assert checkout.airfleet("check").returncode == 0
