"""review.csv: a row a photo, with a column to mark those that are to be left out.

    veto,kind,file,state,said,sha256
    x,foreground,people/anna.png,used,a note,2c26b46b68ff…

`veto`: any text leaves the photo out.  Spreadsheets may change the file on the way: commas may come back as semicolons
or tabs, and UTF-8 as UTF-16; no cell starts with a sign that they would take for a formula.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from figureground.core.errors import FigureGroundError

FILE = "review.csv"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
_EITHER_WAY = {"no", "n", "nein", "non", "false", "0", "keep", "ok", "use", "used"}  # of the photo, or of the veto?


@dataclass(frozen=True)
class Row:
    """A photo: its mark, which kind it is of, its name, what becomes of it, what is said of it, its file's sha256."""

    veto: str
    kind: str
    file: str
    state: str = ""
    said: str = ""
    sha256: str = ""


COLUMNS = tuple(field.name for field in fields(Row))


@dataclass(frozen=True)
class Review:
    """What a review.csv says, by (kind, file in NFC): several rows where photos share a name.  `name`: of the table."""

    name: str
    rows: Mapping[tuple[str, str], Sequence[Row]]

    def of(self, kind: str, file: str) -> Sequence[Row]:
        """Return the rows of a photo; () where it has none."""
        return self.rows.get((kind, plain(file)), ())

    def veto(self, kind: str, file: str, sha256: str) -> str:
        """Return the mark of a photo, "" for none.  Where several share its name, that of its bytes."""
        rows = self.of(kind, file)
        same = [row for row in rows if row.sha256 == sha256]
        return next((row.veto for row in same or rows if row.veto), "")


def plain(text: str) -> str:
    """Return a text in the one form in which names are compared: macOS takes accents apart."""
    return unicodedata.normalize("NFC", text)


def written(rows: Iterable[Row]) -> bytes:
    """Return the table as spreadsheets open it: UTF-8 with a byte order mark."""
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow([cell(getattr(row, column)) for column in COLUMNS])
    return out.getvalue().encode("utf-8-sig", "replace")


def load_review(path: Path) -> Review:
    """Return what a review.csv says.  Raises FigureGroundError where it is missing, or no such table."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FigureGroundError(
            f"the review cannot be read: {error.strerror}",
            str(path),
            "write one with `figureground check RECIPE --out FOLDER`, or take `review` out of the recipe",
        ) from None
    return Review(path.name, _by_photo(_rows(data, str(path)), str(path)))


def _by_photo(rows: Iterable[Row], where: str) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.veto.casefold() in _EITHER_WAY:
            raise FigureGroundError(
                f"veto = {row.veto!r} can be read both ways, beside {row.file!r}",
                where,
                "write x to leave the photo out, and nothing to keep it",
            )
        found.setdefault((row.kind, plain(row.file)), []).append(row)
    return found


def _rows(data: bytes, where: str) -> list[Row]:
    text = _text(data, where)
    head = text.split("\n", 1)[0]
    mark = max(",;\t", key=head.count)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
        reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
        known, lines = reader.fieldnames, list(reader)
    except csv.Error as error:
        raise _no_table(f"the review cannot be read: {error}", where) from None
    if missing := [name for name in ("veto", "kind", "file") if name not in known]:
        raise _no_table(f"the review has no column {', '.join(missing)}", where)
    cells = [{name: _unescaped(line.get(name) or "") for name in COLUMNS} for line in lines]
    rows = [Row(**one | {"veto": one["veto"].strip(), "kind": one["kind"].strip().lower()}) for one in cells]
    if wrong := [row.kind for row in rows if row.file and row.kind not in ("background", "foreground")]:
        raise _no_table(f"the review has a row of kind {wrong[0]!r}: background or foreground", where)
    return [row for row in rows if row.file]


def _no_table(what: str, where: str) -> FigureGroundError:
    return FigureGroundError(
        what,
        where,
        f"its first line is {','.join(COLUMNS)}; write it anew with `figureground check RECIPE --out FOLDER`",
    )


def _text(data: bytes, where: str) -> str:
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise FigureGroundError(
            "the review is no UTF-8 text", where, 'save it from the spreadsheet as "CSV UTF-8"'
        ) from None


def cell(value: object) -> object:
    """Return a cell's value; of a text what no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _unescaped(text: str) -> str:
    return text.removeprefix("'")
