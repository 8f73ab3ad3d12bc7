"""Whose photos they are: the `credits.csv` that may lie beside them.

    file,licence,credit,group
    chairs/red.png,CC BY 4.0,Ana Kovac,kitchen

`file` starts from the table's folder.  Photos of one `group` (one session, one house) share a split.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from figureground.core.errors import FigureGroundError
from figureground.core.files import regular_bytes
from figureground.core.texts import decoded

FILE = "credits.csv"
_FIELDS = ("licence", "credit", "group")
_SPELT = {"license": "licence"}


@dataclass(frozen=True)
class Credit:
    """What is known of a photo's origin; "" where nobody says it."""

    licence: str = ""
    credit: str = ""
    group: str = ""


UNKNOWN = Credit()


def credits_of(folders: Iterable[Path], root: Path) -> dict[str, Credit]:
    """Return the credits in the tables of some folders, by a photo's absolute path; what stands deeper wins.

    `folders`: the outer before the inner.  Raises FigureGroundError for a table that cannot be read, and for files in
    it that are not there.
    """
    found: dict[str, Credit] = {}
    for folder in folders:
        if os.path.lexists(path := folder / FILE):
            found |= _table(path, str(path.relative_to(root)) if path.is_relative_to(root) else str(path))
    return found


def _table(path: Path, where: str) -> dict[str, Credit]:
    found: dict[str, Credit] = {}
    missing = []
    for name, credit in _rows(path, where):
        photo = path.parent / name
        if not photo.is_file():
            missing.append(name)
        elif found.setdefault(os.path.abspath(photo), credit) != credit:
            raise FigureGroundError(f"two rows say different things of {name!r}", where, "leave one of them out")
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise FigureGroundError(
            f"credits for photos that are not there: {', '.join(missing[:3])}{more}",
            where,
            "mend the names, which start from the table's folder, or take the rows out",
        )
    return found


def _rows(path: Path, where: str) -> Iterable[tuple[str, Credit]]:
    """Return (file, credit) of each row that names a file."""
    try:
        text = decoded(regular_bytes(path))
        first = text.partition("\n")[0]
        between = max(",;\t", key=first.count)  # Excel writes semicolons where the decimal sign is a comma
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, delimiter=between)
        heads = [_SPELT.get(head.strip().lower(), head.strip().lower()) for head in reader.fieldnames or ()]
        reader.fieldnames = heads
        rows = list(reader)
    except (OSError, ValueError, csv.Error) as error:
        said = getattr(error, "strerror", None) or error
        raise FigureGroundError(
            f"the credits cannot be read: {said}", where, "give a UTF-8 table with commas, quotes doubled"
        ) from None
    if "file" not in heads or not set(heads) & set(_FIELDS):
        raise FigureGroundError(
            f"the credits have the columns {', '.join(heads) or '(none)'}",
            where,
            "its first line is: file,licence,credit,group",
        )
    said = [{field: " ".join((row.get(field) or "").split()) for field in _FIELDS} for row in rows]
    names = [(row["file"] or "").strip() for row in rows]
    return [(name, Credit(**one)) for name, one in zip(names, said, strict=True) if name]
