"""Python imports this as it starts, in every process that has this folder on its path: each role, on both engines.

Only the first sitecustomize on the path is imported; this one hands on to the next, which a system or a team may have.
"""

import os
import sys
from importlib.machinery import PathFinder

from airfleet.runtime.patches import hook


def _hand_on() -> None:
    # pathlib would cost each process more than all of this.
    here = os.path.dirname(os.path.realpath(__file__))  # noqa: PTH120
    others = [entry for entry in sys.path if os.path.realpath(entry) != here]
    spec = PathFinder.find_spec(__name__, others)
    if spec is not None and spec.loader is not None:
        import importlib.util

        spec.loader.exec_module(importlib.util.module_from_spec(spec))


try:
    hook.install()
finally:
    _hand_on()
