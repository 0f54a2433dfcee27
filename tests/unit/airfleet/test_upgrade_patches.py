"""What an upgrade would take from the changes to Airflow, and what each was worth."""

from airfleet.operate.upgrade import probe, rehearsal
from airfleet.runtime.patches.registry import PATCHES

POLLING, TOKENS = (next(patch for patch in PATCHES if patch.name == name) for name in ("polling", "tokens"))


def test_this_version_loses_none() -> None:
    assert set(probe.patches()) == {patch.name for patch in PATCHES}
    assert rehearsal._lost(PATCHES, probe.patches()) == []


def test_a_change_whose_source_differs_is_named_with_its_gain() -> None:
    (said,) = rehearsal._lost([POLLING, TOKENS], {"polling": ["airflow.jobs:Runner"], "tokens": []})
    assert said == f"polling, as airflow.jobs:Runner differs. What it gained: {POLLING.gain}"


def test_a_change_that_the_version_does_not_have_is_named() -> None:
    (said,) = rehearsal._lost([POLLING, TOKENS], {"polling": []})
    assert said.startswith("tokens, which that version no longer has.")
