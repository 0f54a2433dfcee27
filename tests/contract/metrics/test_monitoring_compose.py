"""docker-compose.monitoring.yml agrees with .env.example, Prometheus' jobs and the order of trust."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from airfleet.observe.servers import build, commands, prometheus_config

REPO = Path(__file__).parents[3]
TEXT = (REPO / "docker-compose.monitoring.yml").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
EXAMPLE = dict(
    line.split("=", 1)
    for line in (REPO / ".env.example").read_text().splitlines()
    if "=" in line and not line.startswith("#")
)
# Set by who runs the image, not by .env.
CALLERS = {"AIRFLEET_IMAGE", "AIRFLOW_UID"}


def test_every_key_it_reads_is_in_the_example_and_has_its_default() -> None:
    read = set(re.findall(r"\$\{([A-Z_0-9]+)", TEXT)) - CALLERS
    assert read <= set(EXAMPLE)
    defaults = re.findall(r"\$\{([A-Z_0-9]+):-([^}]+)\}", TEXT)
    wrong = {key: default for key, default in defaults if key not in CALLERS and EXAMPLE[key] not in {"", default}}
    assert not wrong


def test_no_secret_has_a_default() -> None:
    secrets = {key for key in EXAMPLE if re.search(r"PASSWORD|SECRET|ROUTING_KEY|WEBHOOK_URL$", key)}
    assert not [key for key, default in re.findall(r"\$\{([A-Z_0-9]+):-([^}]+)\}", TEXT) if key in secrets]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_can_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert ":latest" not in service["image"]
    for port in service.get("ports", []):
        assert port.startswith(("127.0.0.1:", "${BIND_ADDRESS:?"))


def test_prometheus_finds_every_job_where_compose_runs_it() -> None:
    celery = yaml.safe_load((REPO / "docker-compose.celery.yml").read_text())["services"]
    hosts = {address.split(":")[0] for address in prometheus_config.COMPOSE_ADDRESSES.values()} - {"localhost"}
    assert hosts <= SERVICES.keys() | celery.keys()
    reachable = set(SERVICES["prometheus"]["networks"])
    for host in hosts:
        networks = (SERVICES.get(host) or celery[host])["networks"]
        assert reachable & set(networks), f"prometheus shares no network with {host}"


def test_airflow_sends_where_the_filter_listens_and_only_the_filter_reaches_statsd_exporter() -> None:
    plain = yaml.safe_load((REPO / "docker-compose.celery.yml").read_text())["x-plain"]
    assert plain["AIRFLOW__METRICS__STATSD_PORT"] == "9125"
    *_, listens, target = SERVICES["statsd-filter"]["command"]
    assert listens == "0.0.0.0:9125"
    exporter = SERVICES["statsd-exporter"]
    assert {f"--statsd.listen-unixgram={target}", "--statsd.listen-udp=", "--statsd.listen-tcp="} <= {
        *exporter["command"]
    }
    assert exporter["user"] == SERVICES["statsd-filter"]["user"]
    mounted = {name for name, one in SERVICES.items() if any("statsd-socket:" in v for v in one.get("volumes", []))}
    assert mounted == {"statsd-filter", "statsd-exporter"}
    address = SERVICES["statsd-filter"]["networks"]["metrics"]["ipv4_address"]
    assert plain["AIRFLOW__METRICS__STATSD_HOST"] == address


@pytest.mark.parametrize(
    ("service", "program", "made"),
    [
        (
            "statsd-exporter",
            build.STATSD_EXPORTER,
            commands.statsd_exporter(Path("x"), mapping=Path("x"), source=Path("x"), web_port=1),
        ),
        (
            "prometheus",
            build.PROMETHEUS,
            commands.prometheus(
                Path("x"),
                config=Path("x"),
                web_config=Path("x"),
                data=Path("x"),
                web_port=1,
                retention="1d",
                retention_size="1GB",
            ),
        ),
        (
            "alertmanager",
            build.ALERTMANAGER,
            commands.alertmanager(Path("x"), config=Path("x"), web_config=Path("x"), data=Path("x"), web_port=1),
        ),
    ],
)
def test_both_engines_run_the_same_version_with_the_same_flags(
    service: str, program: build.Program, made: list[str]
) -> None:
    flags = {one.split("=")[0] for one in made[1:]} - {"--web.listen-address"}
    compose = {one.split("=")[0] for one in SERVICES[service]["command"]} - {"--web.listen-address"}
    assert flags == compose
    assert SERVICES[service]["image"].endswith(f":v{program.version}")
