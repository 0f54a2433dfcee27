"""Which role this process has, by its command line: the same on both engines, under Kubernetes, and in its forks."""

import sys
from collections.abc import Sequence
from pathlib import PurePath

from airfleet.runtime.patches.patch import DAG_PROCESSOR, INIT, SCHEDULER, TRIGGERER, WEBSERVER, WORKER

_COMMANDS = {
    ("airflow", "api-server"): WEBSERVER,
    ("airfleet.stack.embedded.ahead", "api-server"): WEBSERVER,
    ("airflow", "scheduler"): SCHEDULER,
    ("airflow", "dag-processor"): DAG_PROCESSOR,
    ("airflow", "triggerer"): TRIGGERER,
    ("airflow", "celery", "worker"): WORKER,
    ("airfleet.stack.init",): INIT,
}


def role(command: Sequence[str] | None = None) -> str | None:
    """Return the role that *command*, by default this process's own, starts; None for every other program."""
    words = [PurePath(word).name for word in (sys.orig_argv if command is None else command)]
    for start in range(len(words)):
        for known, name in _COMMANDS.items():
            if tuple(words[start : start + len(known)]) == known:
                return name
    return None
