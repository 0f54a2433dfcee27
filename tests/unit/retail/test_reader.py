"""The pieces in which a file is read leave no trace: lines, records and faults are those of the whole file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retail import reader
from retail.errors import SourceFault
from retail.reader import MAX_LINE_CHARS, Records

TEXT = st.lists(st.sampled_from(["a", "b,", '"c"', '"d\n', "\n", "\r\n", "\r", "\u0967", "\U0001f375"]), max_size=30)


def read(path: Path, chunk: int, *, taking: bool = False) -> list[tuple[int, list[str]]] | str:
    """The records of *path*, read by *chunk* bytes, one by one or in runs; or why it is refused."""
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "_CHUNK_BYTES", chunk)
        try:
            with Records(path) as records:
                rows = iter(records)
                while True:
                    first, text = records.take() if taking else (0, "")
                    found += [(first + place, line.split(",")) for place, line in enumerate(_lines(text)) if line]
                    if not text and not (record := next(rows, None)):
                        return found
                    if not text:
                        found.append(record)
        except SourceFault as fault:
            return str(fault)


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")[:-1]


@given(TEXT, st.sampled_from([1, 2, 3, 7]))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pieces_of_any_size_give_the_same_records(tmp_path: Path, parts: list[str], chunk: int) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes("".join(parts).encode())
    whole = read(path, 1 << 16)
    assert read(path, chunk) == whole
    assert read(path, chunk, taking=True) == whole
    assert read(path, 1 << 16, taking=True) == whole


@given(TEXT.map(lambda parts: "".join(parts).replace('"', "") + "\n"))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lines_end_and_are_numbered_as_python_has_them(tmp_path: Path, text: str) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(text.encode())
    with path.open(encoding="utf-8", newline="") as file:
        expected = [
            (number, line.rstrip("\r\n").split(",")) for number, line in enumerate(file, 1) if line.strip("\r\n")
        ]
    assert read(path, 5) == expected


@pytest.mark.parametrize("taking", [False, True])
@pytest.mark.parametrize("line", [2, 3, 4000])
def test_a_byte_that_is_no_text_is_told_with_its_line(tmp_path: Path, line: int, taking: bool) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(b"a,b\n" * (line - 1) + b"K\xf6ln,b\n" + b"a,b\n" * 3000)
    assert f"line {line} holds byte 0xf6" in str(read(path, 1 << 16, taking=taking))


@pytest.mark.parametrize("taking", [False, True])
@pytest.mark.parametrize("over", [0, 1])
def test_a_line_past_the_limit_is_refused_and_one_at_it_is_not(tmp_path: Path, over: int, taking: bool) -> None:
    path = tmp_path / "any.csv"
    path.write_text("a\n" + "b" * (MAX_LINE_CHARS - 1 + over) + "\n" + "c\n" * 50_000)
    found = read(path, 1 << 16, taking=taking)
    if over:
        assert "line 2 is longer than" in found
    else:
        assert len(found) == 50_002
