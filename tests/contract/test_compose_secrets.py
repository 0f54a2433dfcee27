"""What the compose files give to each service: its own secrets, by environment, and no other."""

import json
import re
from typing import Any

import pytest
import yaml
from support.checkout import ROOT
from support.service_secrets import MAY_HOLD, SECRETS

FILES = ("docker-compose.celery.yml", "docker-compose.monitoring.yml")
SERVICES: dict[str, dict[str, Any]] = {
    name: service for file in FILES for name, service in yaml.safe_load((ROOT / file).read_text())["services"].items()
}
KEYS = re.compile(r"(?<!\$)\$\{([A-Z_0-9]+)")


def secrets_in(part: object) -> set[str]:
    return set(KEYS.findall(json.dumps(part))) & SECRETS


def test_every_service_of_the_two_files_is_in_the_table() -> None:
    assert MAY_HOLD.keys() == SERVICES.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_given_the_secrets_that_it_needs_and_no_other(name: str) -> None:
    given = secrets_in(SERVICES[name].get("environment", {}))
    if any("AIRFLEET_ENV_FILE" in file for file in SERVICES[name].get("env_file", [])):
        assert name == "airflow-init", "only init gets .env whole"
        given = SECRETS
    assert given == MAY_HOLD[name]


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_stands_on_a_command_line_in_a_label_or_in_what_builds_an_image(name: str) -> None:
    rest = {key: part for key, part in SERVICES[name].items() if key != "environment"}
    assert secrets_in(rest) == set()
    assert "args" not in (SERVICES[name].get("build") or {})


def test_what_builds_an_image_is_not_given_env_data_or_the_history() -> None:
    first, *rest = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert first == "*", "all is left out but what is named"
    assert not [line for line in rest if re.match(r"!\.?(env|git|data|airfleet)|!\*|!/?$|!\.$", line)]


def test_grafana_lets_in_nobody_without_a_login_and_has_no_default_one() -> None:
    given = SERVICES["grafana"]["environment"]
    assert given["GF_SECURITY_ADMIN_PASSWORD"] == "${ADMIN_PASSWORD:?run ./airfleet init}"
    assert given["GF_AUTH_ANONYMOUS_ENABLED"] == given["GF_USERS_ALLOW_SIGN_UP"] == "false"
    provisioned = yaml.safe_load((ROOT / "monitoring/grafana/provisioning/datasources/sources.yml").read_text())
    for source in provisioned["datasources"]:
        # In the part that Grafana keeps encrypted and gives back to nobody.
        assert all(value.startswith("$") for value in source["secureJsonData"].values())
        assert not secrets_in({key: part for key, part in source.items() if key != "secureJsonData"})
        assert source["editable"] is False
        # A browser asks Grafana, and never needs the source's own login.
        assert source.get("access", "proxy") == "proxy"
