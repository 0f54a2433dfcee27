""".env.example, Settings and airflow.cfg agree with each other and with the installed Airflow."""

import configparser
import re

from dotenv import dotenv_values

from airfleet.config.env_file import GENERATORS
from airfleet.config.paths import ROOT, Paths
from airfleet.config.settings import Settings
from airfleet.runtime.patches.registry import PATCHES

EXAMPLE = Paths().env_example
CFG = Paths().airflow_cfg


def test_the_example_has_every_key_that_the_tool_reads() -> None:
    # What else it has is read by the compose files: test_compose_files.py sees to that.
    assert Settings.names() <= {key.lower() for key in dotenv_values(EXAMPLE)}


def test_every_key_of_the_example_has_a_comment() -> None:
    lines = EXAMPLE.read_text().splitlines()
    bare = [
        line
        for before, line in zip(["", *lines], lines, strict=False)
        if "=" in line and line[0] != "#" and not before.startswith("# ")
    ]
    assert bare == []


def test_no_secret_has_a_working_default() -> None:
    values = dotenv_values(EXAMPLE)
    assert [key for key in GENERATORS if values[key]] == []
    assert {key for key in values if key.endswith(("PASSWORD", "SECRET", "KEY"))} == {
        *GENERATORS,
        "SMTP_PASSWORD",
        "PAGERDUTY_ROUTING_KEY",
    }


def test_every_line_of_airflow_cfg_is_an_option_of_the_installed_airflow() -> None:
    from airflow.configuration import conf
    from airflow.providers_manager import ProvidersManager

    known = {(s, o.lower()) for s, section in conf.configuration_description.items() for o in section["options"]}
    for _, provider in ProvidersManager().provider_configs:
        known |= {(s, o.lower()) for s, section in provider.items() for o in section["options"]}
    ours = configparser.ConfigParser(interpolation=None)
    ours.read(CFG)
    assert {(s, option) for s in ours.sections() for option in ours[s]} - known == set()


def test_a_new_dag_file_is_looked_for_every_30_seconds_at_most() -> None:
    ours = configparser.ConfigParser(interpolation=None)
    ours.read(CFG)
    # A slow machine takes longer to parse what it found; how often it looks is ours.
    assert ours.getint("dag_processor", "refresh_interval") <= 30


def test_no_setting_of_airflow_cfg_is_good_with_a_change_of_airflow_alone() -> None:
    ours = configparser.ConfigParser(interpolation=None)
    ours.read(CFG)
    given = [setting for patch in PATCHES for setting in patch.settings]
    assert given
    assert [setting for setting in given if ours.has_option(*setting)] == []


def test_airflow_cfg_holds_no_secret() -> None:
    text = CFG.read_text().lower()
    assert not re.findall(r"^\s*(fernet_key|secret_key|jwt_secret|broker_url|result_backend)\s*=", text, re.M)


def test_locks_hold_hashes_and_no_addresses() -> None:
    for lock in (*ROOT.glob("requirements/*.lock"), ROOT / "airflow" / "requirements.lock"):
        text = lock.read_text()
        assert "--hash=sha256:" in text, lock
        assert "://" not in text, lock
        pinned = re.findall(r"^[\w.\[\]-]+==", text, re.M)
        assert len(re.findall(r"^[a-z0-9]", text, re.M)) == len(pinned), lock


def test_the_smaller_locks_are_parts_of_the_larger_ones() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([\w.\[\]-]+==\S+)", (ROOT / name).read_text(), re.M))

    image, embedded = pins("airflow/requirements.lock"), pins("requirements/embedded.lock")
    assert image <= embedded <= pins("requirements/dev.lock")


def test_there_is_no_package_marker_under_airflow() -> None:
    assert list((ROOT / "airflow").rglob("__init__.py")) == []
