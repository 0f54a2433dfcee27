"""Lets `airflow rotate-fernet-key` pass over what a trigger's row holds as plain text.

A task that defers itself has its trigger's arguments written unencrypted, and Airflow reads them so (a text that begins
with a brace). Its rotation takes every row for an encrypted one: a single deferred task makes it fail.
"""

import functools
from collections.abc import Callable
from typing import Any

from airfleet.runtime.patches.patch import INIT, SAFETY, Patch


def change(module: Any) -> None:
    """Change what a rotation does with the triggers of Airflow's *module*."""
    Trigger = module.Trigger
    Trigger.rotate_fernet_key = only_what_is_encrypted(Trigger.rotate_fernet_key)


def only_what_is_encrypted(rotate: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return *rotate* for triggers whose arguments are encrypted; the others are left as they are."""

    @functools.wraps(rotate)
    def rotate_fernet_key(self: Any) -> None:
        if not self.encrypted_kwargs.startswith("{"):
            rotate(self)

    return rotate_fernet_key


PATCH = Patch(
    name="plain_triggers",
    group=SAFETY,
    roles=(INIT,),
    what="`airflow rotate-fernet-key`, which init runs when FERNET_KEY is replaced, passes over plain triggers.",
    gain="FERNET_KEY can be replaced while a task is deferred; Airflow's own command fails (2026-11-25).",
    risk="None known: what is not encrypted is left as it is.",
    upstream="Encrypt a trigger's arguments where a task defers itself, or let Trigger.rotate_fernet_key skip plain"
    " ones.",
    replaces=("airflow.models.trigger:Trigger.rotate_fernet_key",),
    sources={
        "airflow.models.trigger:Trigger.rotate_fernet_key": "7c8ec5adc22df9d5",
        "airflow.models.trigger:Trigger._decrypt_kwargs": "3d960c58d7bf9afb",
    },
    change=change,
)
