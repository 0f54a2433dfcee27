"""The panel that each alert names by its title, as the number by which Grafana finds it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

# The annotations of one alert, in this order; the number is what this module writes.
_NOTES = re.compile(
    r'^( +)__dashboardUid__: (?P<uid>\S+)\n(?: +__panelId__: "\d+"\n)? +panel: "(?P<title>[^"]+)"\n', re.MULTILINE
)


def numbered(rules: str, boards: Mapping[str, str]) -> str:
    """Return the text of the *rules* with `__panelId__` in each alert; *boards* has each board's JSON by its uid.

    Raises KeyError with the board and title where an alert names a panel that is not there.
    """
    numbers = {(uid, title): number for uid, text in boards.items() for title, number in _panels(json.loads(text))}

    def write(found: re.Match[str]) -> str:
        indent, uid, title = found[1], found["uid"], found["title"]
        return (
            f'{indent}__dashboardUid__: {uid}\n{indent}__panelId__: "{numbers[uid, title]}"\n{indent}panel: "{title}"\n'
        )

    return _NOTES.sub(write, rules)


def _panels(board: dict[str, Any]) -> list[tuple[str, int]]:
    """Return title and number of each panel, those in collapsed rows included."""
    return [
        (panel["title"], panel["id"])
        for one in board["panels"]
        for panel in (one, *one.get("panels", ()))
        if "id" in panel
    ]
