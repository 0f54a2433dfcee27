"""docs/performance.md says what docs/performance.json holds."""

import json

from airfleet.bench.page import page
from airfleet.paths import ROOT


def test_the_page_is_written_from_the_committed_measurement() -> None:
    measured = json.loads((ROOT / "docs" / "performance.json").read_text())
    assert (ROOT / "docs" / "performance.md").read_text() == page(measured)
