"""docs/reliability.md says what the fault tests found, and nothing else."""

from support.checkout import ROOT
from support.faults.report import BEGIN, END, read, table

REPORT = ROOT / "docs" / "reliability.json"
PAGE = REPORT.with_suffix(".md")


def test_the_table_is_the_one_that_the_fault_tests_wrote() -> None:
    shown = PAGE.read_text().partition(BEGIN)[2].partition(END)[0].strip()
    assert shown == table(read(REPORT)), (
        "The table of docs/reliability.md is not that of docs/reliability.json. Write it anew:"
        " PYTHONPATH=tests:src .venv/bin/python -m support.faults.report docs/reliability.json docs/reliability.md"
    )


def test_every_fault_that_is_shown_was_survived() -> None:
    assert [entry["fault"] for entry in read(REPORT) if entry["result"] != "passed"] == []
