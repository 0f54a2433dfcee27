"""One entry of the registry."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

WEBSERVER, SCHEDULER, DAG_PROCESSOR = "airflow-webserver", "airflow-scheduler", "airflow-dag-processor"
TRIGGERER, WORKER, INIT = "airflow-triggerer", "airflow-worker", "airflow-init"
# The group of changes that mend a fault or keep a secret.
SAFETY = "safety"
# Those that run for as long as the stack does.
ROLES = (WEBSERVER, SCHEDULER, DAG_PROCESSOR, TRIGGERER, WORKER)


# Each is itself alone, so that it can be a key.
@dataclass(frozen=True, eq=False)
class Patch:
    """A change to code that is not this project's, or an extension that is there for a gain.

    *replaces* names what is changed as `module:qualified.name`; it is empty for an extension, which is not applied by
    the hook. *sources* has the digest (see `digests`) of each function or class that the change was written for.
    *settings* are settings of Airflow, by section and name, that are good with the change alone.
    """

    name: str
    group: str
    roles: tuple[str, ...]
    # For people: what is changed, what it gains (with the date of the measurement), what can go wrong, and what the
    # project whose code it is would have to do to make it unnecessary.
    what: str
    gain: str
    risk: str
    upstream: str
    replaces: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[tuple[str, str], str] = field(default_factory=dict)
    # Called with each module of *replaces* after it was executed.
    change: Callable[[Any], None] | None = None
    # Entered while the module is executed.
    around: Callable[[ModuleType], AbstractContextManager[None]] | None = None

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules that *replaces* names, each once."""
        return tuple(dict.fromkeys(name.partition(":")[0] for name in self.replaces))
