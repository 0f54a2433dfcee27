"""Lets `airflow rotate-fernet-key` pass over what a trigger's row holds as plain text.

A task that defers itself has its trigger's arguments written unencrypted, and Airflow reads them so (a text that begins
with a brace). Its rotation takes every row for an encrypted one: a single deferred task makes it fail.
"""

import functools
from collections.abc import Callable
from typing import Any


def install() -> None:
    """Change this process's triggers; it has to be one that does nothing but rotate."""
    from airflow.models.trigger import Trigger

    Trigger.rotate_fernet_key = only_what_is_encrypted(Trigger.rotate_fernet_key)


def only_what_is_encrypted(rotate: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return *rotate* for triggers whose arguments are encrypted; the others are left as they are."""

    @functools.wraps(rotate)
    def rotate_fernet_key(self: Any) -> None:
        if not self.encrypted_kwargs.startswith("{"):
            rotate(self)

    return rotate_fernet_key
