"""What a worker hides from a task's log.

Before each task a worker forgets what the logs of the task before had to hide, and with it the secrets of its own
environment. They are hidden again at once: before the Dag file is read, which may print as well.
"""

import functools
from typing import Any

from airfleet.runtime import own_secrets
from airfleet.runtime.patches.patch import SAFETY, WORKER, Patch


def change(module: Any) -> None:
    """Let the masker of Airflow's *module* keep the secrets of the process's environment when it forgets the others."""
    masker = module.SecretsMasker
    forget = masker.reset_masker

    @functools.wraps(forget)
    def reset_masker(self: Any) -> None:
        forget(self)
        own_secrets.mask()

    masker.reset_masker = reset_masker


PATCH = Patch(
    name="masked_secrets",
    group=SAFETY,
    roles=(WORKER,),
    what="A task's log and its rendered fields hide the secrets of the worker's environment.",
    gain="A task that prints its environment or its settings shows no password of the stack (2026-11-28).",
    risk="A word of a log that is also a password is hidden.",
    upstream="Mask sensitive settings and connections of the environment in supervise_task, after the reset.",
    replaces=("airflow.sdk._shared.secrets_masker.secrets_masker:SecretsMasker.reset_masker",),
    sources={
        "airflow.sdk._shared.secrets_masker.secrets_masker:SecretsMasker.reset_masker": "afde83b9c2d48f3e",
        "airflow.sdk._shared.secrets_masker.secrets_masker:SecretsMasker.add_mask": "fcf008211dbc5f19",
    },
    change=change,
)
