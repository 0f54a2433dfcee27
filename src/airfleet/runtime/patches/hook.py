"""Applies the registry's changes to modules as this process imports them.

sitecustomize installs this in every process, before anything of Airflow is there; airflow_local_settings.py does so
again for a process whose sitecustomize was another one. A process that imports none of PACKAGES does not even load the
registry, and this module itself imports little, as each health check pays for it. A change is applied where all the
sources that it was written for are installed, whatever their version, and else left out with one warning.
"""

import functools
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airfleet.runtime.patches.patch import Patch

# The packages with modules that are changed; a test compares them with the registry.
PACKAGES = frozenset({"airflow", "celery", "fastapi", "kombu", "sqlalchemy"})


def install() -> None:
    """Let this process, and those that it forks, import the modules of the registry changed; once."""
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, _Finder())
    if PACKAGES & sys.modules.keys():
        _change_loaded()


def complete() -> None:
    """Report what is changed in this role, now or as soon as it imports what is to be changed; a role starts with this.

    A module that a role may never need is not imported for it.
    """
    from airfleet.runtime.patches import digests, reported

    install()
    for patch in _wanted():
        if patch.replaces and _fits(patch):
            reported.note(patch.name, reported.ACTIVE)
    digests.forget()
    reported.write()


def wants(name: str) -> bool:
    """Return whether the extension *name* of the registry is wanted in this process, and note it as active if so."""
    from airfleet.runtime.patches import reported

    if any(patch.name == name for patch in _wanted()):
        reported.note(name, reported.ACTIVE)
        return True
    return False


class _Finder:
    """Finds the modules that are to be changed where Python does, and sees to their execution.

    Not an importlib.abc.MetaPathFinder: importing that takes 13 ms, and adds nothing.
    """

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name.partition(".")[0] not in PACKAGES or name not in _targets():
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            loader.exec_module = partial(_execute, _targets()[name], loader.exec_module)
        return spec


@functools.cache
def _wanted() -> tuple["Patch", ...]:
    from airfleet.runtime.patches import process, switch
    from airfleet.runtime.patches.registry import PATCHES

    role = process.role()
    return tuple(patch for patch in switch.wanted(switch.value(), PATCHES) if role in patch.roles)


@functools.cache
def _targets() -> dict[str, list["Patch"]]:
    """Return the changes that are wanted in this process, by the module that they change."""
    found: dict[str, list[Patch]] = {}
    for patch in _wanted():
        for module in patch.modules:
            found.setdefault(module, []).append(patch)
    return found


def _execute(patches: Iterable["Patch"], execute: Callable[[ModuleType], None], module: ModuleType) -> None:
    from contextlib import ExitStack

    from airfleet.runtime.patches import given_settings

    fitting = [patch for patch in patches if _fits(patch)]
    with ExitStack() as around:
        for patch in fitting:
            given_settings.apply(patch.settings)
            if patch.around is not None:
                around.enter_context(patch.around(module))
        execute(module)
    for patch in fitting:
        _change(patch, module)


def _change(patch: "Patch", module: ModuleType) -> None:
    from airfleet.runtime.patches import reported

    try:
        if patch.change is not None:
            patch.change(module)
    except Exception as error:
        _leave_out(patch, f"{module.__name__} could not be changed: {error!r}")
    else:
        reported.note(patch.name, reported.ACTIVE)


def _change_loaded() -> None:
    """Change the modules that were imported before this was installed."""
    for name, patches in _targets().items():
        if name in sys.modules:
            for patch in filter(_fits, patches):
                _change(patch, sys.modules[name])


@functools.cache
def _fits(patch: "Patch") -> bool:
    from airfleet.runtime.patches import digests

    if other := digests.differing(patch.sources):
        _leave_out(patch, f"{', '.join(other)} differs from the source that it was written for")
    return not other


def _leave_out(patch: "Patch", reason: str) -> None:
    import logging

    from airfleet.runtime.patches import reported

    reported.note(patch.name, reason)
    logging.getLogger(__name__).warning(
        "The change %s is left out: %s. See docs/patches.md for what it is for.", patch.name, reason
    )
