"""Documentation, help texts and settings say things in plain words, and nothing absurd."""

import re
from pathlib import Path

import pytest
import typer
from support.checkout import ROOT
from typer.testing import CliRunner

from airfleet.cli.app import app
from retail.cli import app as shop

PAGES = [
    *(ROOT / name for name in ("README.md", "SECURITY.md", "CHANGELOG.md", ".env.example", "Makefile")),
    *ROOT.glob("docker-compose.*.yml"),
    ROOT / "monitoring/runbook.md",
    *(ROOT / "docs").glob("*.md"),
]
# Each with the field's own word for it.
STRAINED = {
    r"(what|who) watches\b": "monitoring",
    r"who may what": "permissions",
    r"nor this\b": "embedded engine only",
    r"who(ever)? (may|asks|has|reads|is given|is root)\b": "the role, the user or the permission",
    r"for good\b": "permanently, or the last try",
    r"(?<!file system )\bmend(s|ed)?\b": "correct, or fix",
    r"\b(is|are) away\b": "is down",
    r"comes? to nothing": "fails",
    r"beside airflow's official compose file": "beside Airflow with the official file's settings",
}


def words(text: str) -> str:
    """Return *text* on one line, without the marks of comments."""
    return " ".join(re.sub(r"^\s*#+ ", " ", text, flags=re.MULTILINE).split()).lower()


def strained(text: str) -> list[str]:
    return [f"{found[0]}: say {plain}" for said, plain in STRAINED.items() for found in re.finditer(said, words(text))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_uses_the_fields_nouns(page: Path) -> None:
    assert strained(page.read_text()) == []


@pytest.mark.parametrize("tool", [app, shop], ids=["airfleet", "shop"])
def test_help_texts_use_the_fields_nouns(tool: typer.Typer) -> None:
    group = typer.main.get_command(tool)
    # `airflow` hands --help on to Airflow.
    for name in {"", *group.commands} - {"airflow"}:  # type: ignore[attr-defined]
        said = CliRunner().invoke(tool, [*filter(None, [name]), "--help"], env={"COLUMNS": "200"}).output
        assert "Usage: " in said
        assert strained(said) == []


@pytest.mark.parametrize("page", ["performance.md", "scaling.md"])
def test_no_published_figure_of_a_cost_is_negative(page: str) -> None:
    assert re.findall(r"(?<![\w-])-\d[\d.]*", (ROOT / "docs" / page).read_text()) == []
