"""Every command that the README, the docs and the runbook print exists, with the options that they give it."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import yaml
from airflow.cli.cli_parser import get_parser
from support.checkout import ROOT
from typer.testing import CliRunner

from airfleet.cli.app import app
from airfleet.stack import roles
from retail.cli import app as shop

RUNBOOK = ROOT / "monitoring/runbook.md"
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", RUNBOOK, *sorted((ROOT / "docs").glob("*.md"))]
# On every Linux machine, whatever the engine.
PLAIN_TOOLS = {"curl", "df", "dmesg", "du", "sysctl"}
# What stands between backquotes in the runbook, has a space, and is no command.
SETTINGS_AND_QUERIES = ("[", "topk(", "maxmemory-policy ")
PLACEHOLDERS = re.compile(r"\[\w+( \.\.\.)?\]|\.\.\.")


def spans(page: Path) -> Iterator[str]:
    """Yield what stands between backquotes, and the lines of code blocks without their comments."""
    text = page.read_text()
    for block in re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from (re.sub(r"\s+(# |> ).*|&& .*| > .*", "", line).strip() for line in block.splitlines())
    yield from re.findall(r"(?<!`)`([^`\n]+)`(?!`)", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def commands(page: Path) -> list[list[str]]:
    """Return the arguments of each `./airfleet` command on *page*."""
    found = {PLACEHOLDERS.sub("", span) for span in spans(page) if span.startswith("./airfleet ")}
    return [shlex.split(each)[1:] for each in sorted(found)]


def refused(of: typer.Typer, arguments: list[str]) -> str:
    """Return why *of* has no such command, or the command no such option; with --help nothing is run."""
    result = CliRunner().invoke(of, [*arguments, "--help"])
    return result.output if result.exit_code else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_command_exists_with_its_options(page: Path) -> None:
    for arguments in commands(page):
        if arguments[0] == "airflow":
            assert not arguments[1:] or get_parser().parse_args(arguments[1:])
        else:
            assert not refused(shop if arguments[0] in {"audit", "quarantine"} else app, arguments)


def test_the_runbook_names_nothing_that_only_one_engine_has() -> None:
    with_a_space = {span for span in spans(RUNBOOK) if " " in span and not span.startswith(SETTINGS_AND_QUERIES)}
    assert {span for span in with_a_space if span.split()[0] not in {"./airfleet", *PLAIN_TOOLS}} == set()
    assert [each for each in commands(RUNBOOK) if each[0] == "scale"] == [["scale", f"{roles.WORKER.name}=4"]]


def test_a_role_whose_log_the_runbook_reads_is_a_service_of_the_compose_files() -> None:
    files = ("docker-compose.celery.yml", "docker-compose.monitoring.yml")
    services = {name for file in files for name in yaml.safe_load((ROOT / file).read_text())["services"]}
    read = {each[1] for each in commands(RUNBOOK) if each[0] == "logs"} - {"ROLE"}
    assert read <= services
    assert {"airflow-scheduler", "statsd-exporter"} <= read
