"""Under Docker as well: no door opens without its key, and no container, log or image holds another's secret."""

import httpx
import psycopg2
import pytest
from support.deployment import Deployment
from support.engine import docker
from support.service_secrets import MAY_HOLD, SECRETS

from airfleet.stack.docker import compose


def secrets(stack: Deployment) -> dict[str, str]:
    return {key: value for key, value in stack.env().items() if key in SECRETS and value}


@pytest.mark.parametrize(
    ("user", "password"), [("admin", "admin"), ("airflow", "airflow"), ("postgres", "postgres"), ("root", "")]
)
def test_default_logins_open_nothing(stack: Deployment, user: str, password: str) -> None:
    login = {"username": user, "password": password}
    assert httpx.post(stack.url("/auth/token"), json=login).is_client_error
    assert httpx.get(stack.flower("/"), auth=(user, password)).status_code == httpx.codes.UNAUTHORIZED
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(
            host="127.0.0.1", port=stack.env()["POSTGRES_PORT"], user=user, password=password, dbname="postgres"
        )
    said = stack.exec("redis", "sh", "-c", f"REDISCLI_AUTH={password} redis-cli --user {user} ping", check=False)
    assert "PONG" not in said


def test_a_container_holds_the_secrets_of_its_service_and_no_other(
    stack: Deployment, first_rows: dict[str, int | None]
) -> None:
    assert first_rows
    services = {c["ID"]: c["Service"] for c in stack.docker().compose.containers()}
    assert "airflow-worker" in services.values()
    for found in compose.inspect(list(services)):
        service, shown = services[found["Id"]], str(found)
        held = {key for key, value in secrets(stack).items() if value in shown}
        assert held == MAY_HOLD[service] & secrets(stack).keys(), service


def test_no_secret_stands_in_a_process_list_or_a_log(stack: Deployment, first_rows: dict[str, int | None]) -> None:
    assert first_rows
    for container in stack.docker().compose.containers():
        texts = {"log": stack.compose("logs", "--no-color", container["Service"]).stdout}
        if container["State"] == "running":
            texts["process list"] = docker("top", container["ID"], "-eo", "pid,args")
        for key, value in secrets(stack).items():
            assert not [what for what, text in texts.items() if value in text], (container["Service"], key)


def test_no_file_of_the_image_holds_a_secret_of_the_checkout_that_built_it(
    stack: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ("run", "--rm", "--env", "PATTERNS", "--user", "0:0", "--entrypoint", "sh", "airfleet:local", "-c")
    look = 'printf "%s\\n" "$PATTERNS" | grep -rlF -f - /opt /home /etc /usr/local; true'
    monkeypatch.setenv("PATTERNS", "RETAIL_DATA_DIR")
    assert "/opt/airflow/src/retail" in docker(*run, look), "what is there is not found"
    monkeypatch.setenv("PATTERNS", "\n".join(secrets(stack).values()))
    assert docker(*run, look) == ""
