"""The pages on speed and growth are those that the bench's JSON makes."""

import json

import pytest
from support.checkout import ROOT

from bench import performance_page, scaling

DOCS = ROOT / "docs"


@pytest.mark.parametrize(("written", "made"), [("performance.md", performance_page.page), ("scaling.md", scaling.page)])
def test_a_page_is_what_its_json_makes_of_it(written: str, made: object) -> None:
    assert callable(made)
    wanted = made(json.loads((DOCS / "performance.json").read_text()))
    assert (DOCS / written).read_text() == wanted, "Write it anew: make performance"
