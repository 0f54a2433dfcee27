"""The exporter's settings, read once from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class SettingsError(ValueError):
    """The environment lacks keys that the exporter needs; the message names all of them."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The exporter's sources and its address.

    *interval_s* is the time between two reads of a source, *timeout_s* the limit of a read, *disks* the folders whose
    file systems are monitored.
    """

    database_url: str
    redis_url: str
    broker_url: str
    webserver_url: str
    host: str
    port: int
    interval_s: float = 15.0
    timeout_s: float = 10.0
    disks: tuple[Path, ...] = (Path("/"),)


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings, or raise SettingsError with every wrong key at once."""
    env = os.environ if environ is None else environ
    wrong = [
        f"{key} is missing: {what}."
        for key, what in (
            ("EXPORTER_DATABASE_URL", "postgresql://monitoring_reader:...@host:port/airflow"),
            ("EXPORTER_REDIS_URL", "redis://monitoring:...@host:port/0, a user that may only read"),
            ("EXPORTER_BROKER_URL", "redis://airflow:...@host:port/0, through which the workers are asked"),
            ("EXPORTER_WEBSERVER_URL", "http://host:port, the web UI"),
        )
        if not env.get(key)
    ]
    numbers: dict[str, float] = {}
    defaults = {"EXPORTER_PORT": "9112", "EXPORTER_INTERVAL_SECONDS": "15", "EXPORTER_TIMEOUT_SECONDS": "10"}
    for key, default in defaults.items():
        text = env.get(key) or default
        try:
            numbers[key] = float(text)
        except ValueError:
            wrong.append(f"{key} is {text!r}; it must be a number.")
        else:
            if numbers[key] <= 0:
                wrong.append(f"{key} is {text}; it must be above 0.")
    if wrong:
        raise SettingsError("The exporter cannot start.\n  " + "\n  ".join(wrong))
    return Settings(
        database_url=env["EXPORTER_DATABASE_URL"],
        redis_url=env["EXPORTER_REDIS_URL"],
        broker_url=env["EXPORTER_BROKER_URL"],
        webserver_url=env["EXPORTER_WEBSERVER_URL"],
        host=env.get("EXPORTER_HOST") or "127.0.0.1",
        port=int(numbers["EXPORTER_PORT"]),
        interval_s=numbers["EXPORTER_INTERVAL_SECONDS"],
        timeout_s=numbers["EXPORTER_TIMEOUT_SECONDS"],
        disks=tuple(Path(part) for part in (env.get("EXPORTER_DISKS") or "/").split(":") if part),
    )
