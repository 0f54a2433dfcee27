"""Preflight names every problem at once and changes nothing."""

import os
import socket
from pathlib import Path

import pytest

from airfleet.config import env_file, settings
from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.config.settings import Settings
from airfleet.stack import preflight
from airfleet.stack.preflight import free_ports


@pytest.fixture
def given(tmp_path: Path) -> Settings:
    env_file.fill(tmp_path / ".env", Paths().env_example)
    keys = (*preflight.PORT_KEYS, *preflight.MONITORING_PORT_KEYS, "scheduler_health_port")
    ports = dict(zip(keys, free_ports(len(keys)), strict=True))
    return settings.load(tmp_path / ".env").model_copy(update=ports)


def test_a_machine_with_free_ports_and_disk_passes(given: Settings, tmp_path: Path) -> None:
    preflight.check(given, [tmp_path / "not" / "there" / "yet"], set())


def test_taken_ports_are_all_named_with_their_owner_unless_it_is_the_stack_itself(
    given: Settings, tmp_path: Path
) -> None:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", given.flower_port))
        second.bind(("127.0.0.1", given.redis_port))
        first.listen()
        second.listen()
        with pytest.raises(AirfleetError) as caught:
            preflight.check(given, [tmp_path], set())
        preflight.check(given, [tmp_path], {os.getpid()})
    said = caught.value.problems
    assert len(said) == 2
    assert f"Port {given.flower_port} is taken by pid {os.getpid()}" in said[0]
    assert "Set FLOWER_PORT in .env" in said[0]
    assert "Set REDIS_PORT in .env" in said[1]


def test_the_port_that_takes_statsd_is_looked_at_as_udp(given: Settings, tmp_path: Path) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as taken, socket.socket() as of_no_matter:
        taken.bind(("127.0.0.1", given.statsd_port))
        of_no_matter.bind(("127.0.0.1", given.statsd_port))
        of_no_matter.listen()
        with pytest.raises(AirfleetError, match=f"Port {given.statsd_port} is taken by pid {os.getpid()}"):
            preflight.check(given, [tmp_path], set())
    with socket.socket() as other:
        other.bind(("127.0.0.1", given.statsd_port))
        other.listen()
        preflight.check(given, [tmp_path], set())


def test_ports_of_what_watches_may_be_taken_when_nothing_is_to_watch(given: Settings, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", given.prometheus_port))
        taken.listen()
        preflight.check(given.model_copy(update={"monitoring": False}), [tmp_path], set())


def test_one_port_for_two_servers_is_refused(given: Settings, tmp_path: Path) -> None:
    twice = given.model_copy(update={"flower_port": given.webserver_port})
    with pytest.raises(AirfleetError, match="FLOWER_PORT and WEBSERVER_PORT are both"):
        preflight.check(twice, [tmp_path], set())


def test_too_little_disk_is_said_with_what_is_needed(
    given: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = os.statvfs(tmp_path)
    monkeypatch.setattr(preflight, "_NEEDED_BYTES", usage.f_frsize * usage.f_blocks * 2)
    with pytest.raises(AirfleetError, match=r"MiB free, and \d+ MiB are needed"):
        preflight.check(given, [tmp_path], set())
