"""The secrets in this process's environment, which no log of a task and no rendered field may show.

Airflow masks a connection's password once a task has asked for the connection. A task that prints its environment, or
an error that quotes an address, showed all the others. airflow_local_settings.py calls `mask` wherever Airflow is
initialised; the change `masked_secrets` keeps the masks where a worker forgets those of the task before.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote

CONNECTION = "AIRFLOW_CONN_"
_SETTING = "AIRFLOW__"
# User and password of a URL. A password may hold any character that a careless hand left unquoted, but the last @.
_LOGIN = re.compile(r"://[^\s/:@]*:([^\s/]+)@")
# What would make a log unreadable, and is nobody's secret.
_PLAIN = frozenset({"true", "false", "none", "null"})


def mask() -> None:
    """Let Airflow's two maskers of logs hide the secrets of this process's environment."""
    from airflow._shared.secrets_masker import mask_secret as mask_in_core
    from airflow.sdk._shared.secrets_masker import mask_secret as mask_in_tasks

    for secret in _of_this_process():
        mask_in_core(secret)
        mask_in_tasks(secret)


@cache
def _of_this_process() -> tuple[str, ...]:
    return tuple(sorted(set(secrets(os.environ))))


def secrets(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield each secret of *environment*: by the variable's name, and the passwords of addresses and connections."""
    from airflow.sdk._shared.secrets_masker import DEFAULT_SENSITIVE_FIELDS
    from airflow.sdk.configuration import conf

    settings = {f"{_SETTING}{section}__{key}".upper() for section, key in conf.sensitive_config_values}
    for name, value in environment.items():
        if name.startswith(_SETTING):
            whole = name in settings
        else:
            whole = name.startswith(CONNECTION) or any(word in name.lower() for word in DEFAULT_SENSITIVE_FIELDS)
        if whole:
            yield from _texts(value)
        for login in _LOGIN.findall(value):
            yield from _texts(login)
        if name.startswith(CONNECTION) and value.lstrip().startswith("{"):
            yield from _of_json(value, DEFAULT_SENSITIVE_FIELDS)


def _texts(value: str) -> Iterator[str]:
    """Yield *value* as it is and as a URL's reader sees it."""
    if value.lower() not in _PLAIN and not value.isdigit():
        yield value
        yield unquote(value)


def _of_json(text: str, words: frozenset[str]) -> Iterator[str]:
    """Yield the secrets of a connection that is written as JSON, at any depth; `extra` may be JSON in a text."""
    try:
        found: Any = json.loads(text)
    except ValueError:
        return
    waiting = [("", found)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.items()
        elif isinstance(value, list):
            waiting += [(name, each) for each in value]
        elif isinstance(value, str) and name == "extra":
            yield from _of_json(value, words)
        elif isinstance(value, str) and any(word in name.lower() for word in words):
            yield from _texts(value)
