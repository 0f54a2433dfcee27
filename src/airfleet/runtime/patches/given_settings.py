"""Settings of Airflow that come with a change: given to this process before the module that reads them is executed."""

import configparser
import functools
import os
from collections.abc import Mapping
from pathlib import Path


def apply(settings: Mapping[tuple[str, str], str]) -> None:
    """Set each of *settings* for this process, unless its environment or airflow.cfg says otherwise."""
    for (section, option), value in settings.items():
        if not _in_airflow_cfg(section, option):
            os.environ.setdefault(f"AIRFLOW__{section.upper()}__{option.upper()}", value)


def _in_airflow_cfg(section: str, option: str) -> bool:
    return _airflow_cfg().has_option(section, option)


@functools.cache
def _airflow_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    home = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
    parser.read(os.environ.get("AIRFLOW_CONFIG") or home / "airflow.cfg", encoding="utf-8")
    return parser
