"""What a spreadsheet would run as a formula leaves as text, and comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail.spreadsheet import shield, unshield

SKIPPED = " \ufeff\u200b\xa0\x00"
STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
CELLS = st.one_of(st.text(), st.builds("".join, st.lists(st.sampled_from([*STARTS, *SKIPPED, "'", "a", "0"]))))


@pytest.mark.parametrize(
    "cell",
    [
        "=cmd()|'/C calc'!A0",
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\uff1d1+1",
        " =1",
        "\ufeff=1",
        "\u200b@SUM(A1)",
        "\xa0 \x00+1",
    ],
)
def test_a_formula_is_shielded(cell: str) -> None:
    assert shield(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", [None, "", "Pune", "O'Brien", "'quoted'", "10.00", "a=b"])
def test_plain_text_is_left_alone(cell: str | None) -> None:
    assert shield(cell) == cell


@given(CELLS)
def test_no_shielded_cell_starts_a_formula_and_each_comes_back_as_it_was(cell: str) -> None:
    shielded = shield(cell)
    assert shielded is not None
    assert not shielded.lstrip(SKIPPED).startswith(tuple(STARTS))
    assert unshield(shielded) == cell


@given(CELLS.filter(lambda cell: not cell.startswith("'")))
def test_what_a_person_types_anew_is_taken_as_typed(cell: str) -> None:
    assert unshield(cell) == cell
