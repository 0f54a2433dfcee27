"""The compose file against what the embedded stack and .env.example say."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values

from airfleet.config.env_file import GENERATORS
from airfleet.config.settings import Settings
from airfleet.stack import roles
from airfleet.stack.roles import Addresses, environment

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.celery.yml"
PARSED: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
SERVICES: dict[str, Any] = PARSED["services"]
# ${KEY}, ${KEY:-default}, ${KEY:?message}, ${KEY:+other}; $$ is a dollar sign.
KEYS = re.compile(r"(?<!\$)\$\{([A-Z_0-9]+)")
# Set by the caller, not in .env: it says where .env is.
CALLERS = {"AIRFLEET_ENV_FILE"}
# What Compose gives beyond the role's grants: counts and where metrics go; never a secret.
PLAIN = re.compile(
    r"AIRFLOW__METRICS__STATSD_(ON|HOST|PORT)|AIRFLOW__CELERY__WORKER_CONCURRENCY|WORKER_QUEUES|STOP_GRACE_SECONDS"
    r"|MAIL_CATCHER_(ADDRESS|FOLDER)|RETAIL_[A-Z_]+"
)


def env_example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def settings() -> Settings:
    values = env_example()
    values |= {key: make() for key, make in GENERATORS.items() if not values.get(key)}
    return Settings(**{key.lower(): value for key, value in values.items()})


AT = Addresses(
    postgres=("postgres", 5432),
    redis=("redis", 6379),
    webserver=("airflow-webserver", 8080),
    mail_catcher=("mail", 1025),
)


def interpolated(text: str, values: dict[str, str]) -> str:
    """What Compose makes of *text*, for the forms that this file uses, nested ones included."""
    out, i = [], 0
    while i < len(text):
        if text.startswith("$$", i):
            out.append("$")
            i += 2
        elif text.startswith("${", i):
            depth, end = 1, i + 2
            while depth:
                depth += text.startswith("${", end) - (text[end] == "}")
                end += 1
            name, operator, operand = re.match(r"([A-Z_0-9]+)(:-|:\?|:\+|)(.*)", text[i + 2 : end - 1], re.S).groups()
            value = values.get(name, "")
            if operator == ":-":
                value = value or interpolated(operand, values)
            elif operator == ":+":
                value = interpolated(operand, values) if value else ""
            out.append(value)
            i = end
        else:
            out.append(text[i])
            i += 1
    return "".join(out)


def given_by_compose(service: str, found: Settings) -> dict[str, str]:
    values = env_example() | found.written()
    files = [dotenv_values(ROOT / name, interpolate=False) for name in SERVICES[service].get("env_file", [])]
    told = {k: v for file in files for k, v in file.items()}
    return told | {k: interpolated(str(v), values) for k, v in SERVICES[service]["environment"].items()}


@pytest.mark.parametrize("role", roles.ROLES, ids=lambda role: role.name)
def test_service_gets_the_variables_of_its_role_and_no_other_secret(role: roles.Role) -> None:
    found = settings()
    wanted = environment(role, found, AT)
    given = given_by_compose(role.name, found)
    assert {k for k in given if k in wanted or not PLAIN.fullmatch(k)} == set(wanted)
    for key, value in wanted.items():
        assert given[key] == value, key


@pytest.mark.parametrize("role", roles.ROLES, ids=lambda role: role.name)
def test_service_runs_the_command_of_its_role(role: roles.Role) -> None:
    command = SERVICES[role.name]["command"]
    assert tuple(command[: len(role.command)]) == role.command
    if role is roles.WORKER:
        assert command[len(role.command)] == "--queues"
    else:
        assert len(command) == len(role.command)


def health_check(probe: roles.Probe | None) -> list[str]:
    """What a container asks itself for *probe*."""
    match probe:
        case roles.HttpPage() as page:
            script = "/opt/airflow/src/airfleet/stack/docker/http_health.sh"
            return ["CMD", "bash", script, str(page.container_port), page.path]
        case roles.JobHeartbeat() as job:
            return ["CMD", "python", "-m", "airfleet.stack.docker.job_health", job.job_type]
        case roles.ConsumesQueues():
            return ["CMD", "python", "-m", "airfleet.stack.docker.worker_health"]
        case roles.ListensOn() as place:
            greeting = f"exec 3<>/dev/tcp/127.0.0.1/{place.container_port}"
            return ["CMD", "bash", "-c", f"{greeting} && read -r -t 5 line <&3 && [[ $$line == 220* ]]"]
    raise AssertionError(f"no health check for {probe}")


@pytest.mark.parametrize("role", roles.ROLES, ids=lambda role: role.name)
def test_service_has_the_health_check_of_its_role(role: roles.Role) -> None:
    assert SERVICES[role.name]["healthcheck"]["test"] == health_check(role.probe)


@pytest.mark.parametrize("role", roles.SCALABLE, ids=lambda role: role.name)
def test_service_that_can_be_scaled_has_its_number_from_the_key_of_its_role(role: roles.Role) -> None:
    assert SERVICES[role.name]["deploy"]["replicas"].startswith(f"${{{role.count_key.upper()}:")


def test_heavy_workers_differ_from_workers_only_in_queue_and_size() -> None:
    worker, heavy = (dict(SERVICES[name]) for name in ("airflow-worker", "airflow-worker-heavy"))
    for key in ("command", "environment", "mem_limit", "cpus", "deploy"):
        worker.pop(key), heavy.pop(key)
    assert heavy.pop("profiles") == ["heavy"]
    assert heavy == worker
    assert set(SERVICES["airflow-worker-heavy"]["environment"]) == set(SERVICES["airflow-worker"]["environment"])


def test_env_example_has_every_key_that_compose_reads_and_no_other() -> None:
    read = set(KEYS.findall(re.sub(r"^\s*#.*", "", COMPOSE.read_text(), flags=re.M))) - CALLERS
    read |= set(KEYS.findall((ROOT / "docker-compose.monitoring.yml").read_text()))
    known = {name.upper() for name in Settings.names()}
    prefixes = tuple(env_example()["WORKER_VARIABLE_PREFIXES"].split(","))
    assert {key for key in read if not key.startswith(prefixes)} <= known, "the tool refuses a bad value of each key"
    assert {key for key in env_example() if not key.startswith(prefixes)} == known


def test_settings_have_the_defaults_of_env_example() -> None:
    defaults = {name: field.default for name, field in Settings.model_fields.items() if not field.is_required()}
    plain = {name.upper(): str(value) for name, value in defaults.items() if name in Settings.names()}
    example = env_example()
    assert {key: v for key, v in plain.items() if "***" not in v and v != example[key]} == {}


def test_compose_defaults_are_those_of_env_example() -> None:
    example = env_example()
    defaults = re.findall(r"\$\{([A-Z_0-9]+):-([^${}]+)\}", COMPOSE.read_text())
    wrong = {k: (v, example[k]) for k, v in defaults if k not in CALLERS and example[k] and example[k] != v}
    assert defaults
    assert not wrong


def test_no_secret_has_a_default() -> None:
    used = set()
    for path in (COMPOSE, ROOT / "docker-compose.monitoring.yml"):
        for key, how in re.findall(r"(?<!\$)\$\{([A-Z_0-9]+)(?=([^}]*))", path.read_text()):
            if key in GENERATORS:
                used.add(key)
                assert how.startswith(":?"), f"{key} in {path.name}"
    # The reader is a person.
    assert used == set(GENERATORS) - {"WAREHOUSE_READER_PASSWORD"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_service_is_hardened(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}
    assert "docker.sock" not in str(service)
    assert "privileged" not in service
    if name == "airflow-init":
        # Ends by itself; root only until it has handed over the mounted folders.
        assert service["restart"] == "no"
        return
    assert service["restart"] == "unless-stopped"
    assert "cap_add" not in service
    assert "healthcheck" in service
    assert "mem_limit" in service
    assert service.get("user", "image's own") != "0:0"


def test_ports_are_published_on_the_address_of_env_only() -> None:
    published = {name: s["ports"] for name, s in SERVICES.items() if "ports" in s}
    assert set(published) == {"postgres", "flower", "gateway", "join"}
    for name, ports in published.items():
        address = "JOIN_ADDRESS" if name == "join" else "BIND_ADDRESS"
        assert all(port.startswith(f"${{{address}:") for port in ports)


def test_workers_are_not_on_the_network_of_the_metadata_database_roles() -> None:
    for name in ("airflow-worker", "airflow-worker-heavy", "flower"):
        assert "control" not in SERVICES[name]["networks"]


def test_images_are_pinned() -> None:
    for name, service in SERVICES.items():
        image = re.sub(r"\$\{[A-Z_0-9]+:-([^}]+)\}", r"\1", service["image"])
        assert re.fullmatch(r"[a-z0-9/-]+:[\w.-]+", image), name
        assert not image.endswith(":latest"), name
