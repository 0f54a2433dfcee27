"""The code's rooms: few, and none imports from above; docs/architecture.md names places that exist."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from support.checkout import ROOT

SRC = ROOT / "src"
PAGE = ROOT / "docs" / "architecture.md"
# Both engines' own module of the same thing, what each package has, and a marker.
TWICE = 5


def room(module: str) -> str:
    """airfleet.stack.embedded.health is in airfleet.stack; retail and bench are a room each."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "airfleet" else parts[0]


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(SRC.rglob("*.py")):
        if "dags" not in path.parts:
            found[".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")] = path
    return found


def imported(path: Path, known: dict[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                full = f"{node.module}.{name.name}"
                yield full if full in known else node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def arrows() -> dict[str, set[str]]:
    """Which rooms each room imports from."""
    known = modules()
    found: dict[str, set[str]] = defaultdict(set)
    for module, path in known.items():
        found[room(module)] |= {room(to) for to in imported(path, known) if to in known} - {room(module)}
    return found


def test_there_are_few_rooms() -> None:
    assert len({room(module) for module in modules()}) <= 22


def test_no_two_rooms_import_each_other_even_through_others() -> None:
    to = arrows()

    def reached(start: str) -> set[str]:
        seen, left = set(), [start]
        while left:
            for following in to[left.pop()] - seen:
                seen.add(following)
                left.append(following)
        return seen

    assert [name for name in list(to) if name in reached(name)] == []


def test_the_shop_and_the_tool_do_not_know_each_other() -> None:
    to = arrows()
    assert to["retail"] == set()
    assert [name for name in to if "retail" in to[name]] == []


def test_hardly_a_file_name_occurs_twice() -> None:
    names = Counter(
        p.name for p in SRC.rglob("*") if p.is_file() and "__" not in p.name and "__pycache__" not in p.parts
    )
    twice = sorted(name for name, count in names.items() if count > 1)
    assert len(twice) <= TWICE, twice


def test_the_page_names_each_room_and_only_places_that_exist() -> None:
    text = PAGE.read_text()
    named = set(re.findall(r"`((?:src|airflow|deploy|monitoring|tests|docs|docker-compose)[\w./-]*)`", text))
    assert [place for place in sorted(named) if not (ROOT / place).exists()] == []
    rooms = {f"src/{name.replace('.', '/')}" for name in (room(m) for m in modules())}
    have_rows = {place.removesuffix(".py") for place in named}
    # What starts the tool, and what Python itself imports at its start.
    assert rooms - have_rows <= {"src/airfleet", "src/airfleet/__main__", "src/sitecustomize"}
