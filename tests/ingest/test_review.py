"""review.csv survives spreadsheets: what goes out comes back, in whatever form they save it."""

import csv
import io
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figureground.core.errors import FigureGroundError
from figureground.ingest.review import COLUMNS, Row, load_review, plain, written

ROWS = [
    Row("", "background", "rooms/a, b.jpg", "used", "enlarged 1.20 times", "ab" * 32),
    Row("x", "foreground", "people/Wohnzimmer_früh_客厅.png", "used", 'says "so"; twice', "cd" * 32),
    Row("", "foreground", "=cmd|'/c calc'!A1.png", "used", "-1+2", "01" * 32),
    Row("too dark", "foreground", "@evil\nsecond line.png", "set aside", "", ""),
    Row("", "foreground", "'quoted.png", "used", "'", ""),
]


def load(path: Path, data: bytes) -> list[Row]:
    path.write_bytes(data)
    return [row for rows in load_review(path).rows.values() for row in rows]


def resaved(rows: list[Row], delimiter: str, encoding: str, line: str = "\r\n") -> bytes:
    """Return the table as a spreadsheet saves it: its cells as they stand, other signs between them."""
    cells = csv.reader(io.StringIO(written(rows).decode("utf-8-sig"), newline=""))
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=line).writerows(cells)
    return out.getvalue().encode(encoding)


def test_it_starts_as_excel_wants_it_and_no_cell_is_a_formula() -> None:
    data = written(ROWS)
    assert data.startswith(b"\xef\xbb\xbfveto,kind,file,")
    cells = [cell for line in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")) for cell in line]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]


@pytest.mark.parametrize(
    ("delimiter", "encoding", "line"),
    [(",", "utf-8-sig", "\r\n"), (";", "utf-8-sig", "\r\n"), ("\t", "utf-16", "\r\n"), (",", "utf-8", "\n")],
)
def test_what_spreadsheets_make_of_it_says_the_same(tmp_path: Path, delimiter: str, encoding: str, line: str) -> None:
    assert load(tmp_path / "r.csv", written(ROWS)) == ROWS
    assert load(tmp_path / "r.csv", resaved(ROWS, delimiter, encoding, line)) == ROWS


_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)


@given(
    st.lists(
        st.builds(Row, st.just("x"), st.just("foreground"), _TEXT.map("a".__add__) | _TEXT, _TEXT, _TEXT), max_size=4
    )
)
def test_any_names_come_back(tmp_path_factory: pytest.TempPathFactory, rows: list[Row]) -> None:
    path = tmp_path_factory.mktemp("r") / "r.csv"
    expected: dict[str, list[Row]] = {}
    for row in rows:
        if row.file:
            expected.setdefault(plain(row.file), []).append(row)
    assert load(path, written(rows)) == [row for of_name in expected.values() for row in of_name]


def test_columns_may_be_moved_or_taken_out(tmp_path: Path) -> None:
    lines = "File ;VETO;kind;mine\r\na.png; x ;Foreground;!\r\nb.png;;foreground;\r\n;;;\r\n"
    assert load(tmp_path / "r.csv", lines.encode()) == [
        Row("x", "foreground", "a.png"),
        Row("", "foreground", "b.png"),
    ]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "no column veto, kind, file"),
        (b"file,credit\na.png,me\n", "no column veto, kind"),
        ("veto,kind,file\n,foreground,früh.png\n".encode("cp1252"), "no UTF-8 text"),
        (b"veto,kind,file\n,person,a.png\n", "kind 'person'"),
        (b"veto,kind,file\nno,foreground,a.png\n", "read both ways"),
        (b"veto,kind,file\nKeep,foreground,a.png\n", "read both ways"),
        (b'veto,kind,file\n"x,foreground,a.png\n', "cannot be read"),
        (b'"veto,kind,file"\n"x,foreground,a.png"\n', "no column"),
    ],
)
def test_what_is_no_review_is_refused(tmp_path: Path, data: bytes, what: str) -> None:
    with pytest.raises(FigureGroundError, match=what) as caught:
        load(tmp_path / "r.csv", data)
    assert caught.value.where.endswith("r.csv")
    assert caught.value.remedy


def test_marks_are_found_by_name_and_where_names_are_shared_by_bytes(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_bytes(
        written([Row("", "foreground", "a.png", sha256="1"), Row("x", "foreground", "a.png", sha256="2"), ROWS[1]])
    )
    review = load_review(tmp_path / "r.csv")
    assert [review.veto("foreground", "a.png", sha256) for sha256 in "12"] == ["", "x"]
    assert review.veto("background", "a.png", "2") == ""
    assert review.veto("foreground", unicodedata.normalize("NFD", ROWS[1].file), "other bytes") == "x"
    assert COLUMNS[0] == "veto"
