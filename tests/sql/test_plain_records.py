"""Records that are copied many at once give the same rows of raw as when each is read on its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.shop import CUSTOMERS, PRODUCTS, SALES, customer, product, sale

from retail import parse, stream
from retail.entities import ENTITIES
from retail.errors import SourceFault
from retail.periods import read_name
from retail.reader import Records

SOUND = {"customers": customer("C1"), "products": product("P1"), "transactions": sale("T1")}
HEADERS = {"customers": CUSTOMERS, "products": PRODUCTS, "transactions": SALES}
FILES = ["customers.csv", "products.csv", "transactions_2026-02.csv", "transactions_2026-03-04.csv", "transactions.csv"]
# At the edge of what is plain: types, days that do not exist, periods; below quotes, line ends, other scripts.
EDGES = {
    parse.cents: [
        "", "0.00", "-0.50", "499.00", "499", "4.5", "1.50.00", "9" * 15 + ".99", "9" * 16 + ".99",
        "\u0967.\u0966\u0966",
    ],
    parse.whole: ["", "007", "-7", "-0", "1.0", "9" * 9, "9" * 10, "\u0662"],
    parse.day: ["", "2026-02-28", "2026-02-29", "2028-02-29", "0000-01-01", "2026-04-31", "2026-12-31", "2026-00-01"],
    parse.moment: [
        "", "2026-02-28T23:59:59+05:30", "2026-02-29T10:00:00+05:30", "2026-03-03T23:59:59+05:30",
        "2026-03-04T00:00:00+05:30", "2026-03-04T24:00:00+05:30", "2026-03-05T00:00:00+05:30", "2026-04-31T10:00:00Z",
        "2026-03-04T10:00:00Z", "2026-03-04T10:00:00.5+05:30", "2026-03-04 10:00:00+05:30", "2026-03-04T10:00:00+05:00",
        "1970-01-01T05:29:59+05:30", "2099-12-31T23:59:59+05:30", "2100-01-01T05:30:00+05:30",
    ],
    parse.word: ["", "a.b", "P1"],
}  # fmt: skip
ANY = st.one_of(
    st.sampled_from(
        ['"quoted"', '"a,b"', '"a\nb"', '"a\r\nb"', '"a""b"', 'a"b', "\\.", "\\N", "a\tb", " a ", "%s",
         "\u092a\u0941\u0923\u0947", "\U0001f375", "\x0b\x1c\u2028\x85"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
)  # fmt: skip
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\n\n", "\r", "\r\r\n", ",\n"])


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes]:
    """A file's name and content: runs of sound records, and between them some with a few cells replaced."""
    name = draw(st.sampled_from(FILES))
    entity = name.removesuffix(".csv").split("_")[0]
    columns = ENTITIES[entity].columns
    order = draw(st.just(range(len(columns))) | st.permutations(range(len(columns))))
    text = draw(st.sampled_from(["", "\ufeff"]))
    lines = [(HEADERS[entity], draw(st.sampled_from(["\n", "\r\n"])))]
    for _ in range(draw(st.integers(1, 8))):
        lines += [(SOUND[entity], "\n")] * draw(st.integers(0, 3))
        cells = SOUND[entity].rstrip("\n").split(",")
        for place in draw(st.lists(st.sampled_from(range(len(columns))), max_size=2)):
            cells[place] = draw(st.sampled_from(EDGES[columns[place].read]) | ANY)
        lines.append((",".join(cells), draw(ENDS)))
    for line, end in lines:
        cells = line.rstrip("\n").split(",")
        text += (",".join(cells[place] for place in order) if len(cells) == len(order) else line) + end
    return name, (text + "\n").encode()


def copied(conn, path: Path) -> tuple[list[tuple], str] | str:
    """What copying *path* leaves in raw and what it says, or why it is refused; nothing is kept."""
    named = read_name(path.name)
    assert named is not None
    try:
        with conn.cursor() as cur:
            rows, digest = stream.copy_file(cur, path, ENTITIES[named.entity], named, 1)
            cur.execute(f"SELECT * FROM raw.{named.entity} ORDER BY line")
            found = cur.fetchall()
            assert len(found) == rows
            return found, digest
    except SourceFault as fault:
        return str(fault)
    finally:
        conn.rollback()


@given(files())
@example(("transactions_2026-03.csv", (SALES + sale("T1") * 2000 + sale("T2", city="") + sale("T3") * 3000).encode()))
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_plain_records_become_the_rows_that_reading_each_would_give(shop, tmp_path: Path, file) -> None:
    path = tmp_path / file[0]
    path.write_bytes(file[1])
    conn = shop.connect()
    try:
        at_once = copied(conn, path)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Records, "take", lambda _: (0, ""))
            each = copied(conn, path)
        assert at_once == each
    finally:
        conn.close()
