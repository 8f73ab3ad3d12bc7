"""The tables of labels against the rows of the parts: a hash a part, and row by row where that is another."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
from collections.abc import Iterator, Sequence

from figureground.core.damage import Damage
from figureground.core.record import COLUMNS, split_name
from figureground.dataset import names, parts
from figureground.dataset.labels import HEADER, labels_file, labels_rows
from figureground.dataset.part_table import list_count
from figureground.dataset.parts import PartReader
from figureground.make.about import About
from figureground.make.differences import csv_rows, raw_rows, row_unlike
from figureground.make.part_check import DuePart, PartFound

_ROWS = 10  # damaged rows of a table that are named, a part


def labels_damage(one: About, found: Sequence[PartFound], due: Sequence[DuePart]) -> list[Damage]:
    """Return which rows of the tables of labels are not what the parts' rows say.  No more than those of a part are
    held."""
    if list_count(len(due)):
        return [
            damage
            for part, each in zip(due, found, strict=True)
            for damage in _table_damage(one, labels_file(part.number), [each], [part])
        ]
    return _table_damage(one, names.LABELS, found, due)


def _table_damage(one: About, name: str, found: Sequence[PartFound], due: Sequence[DuePart]) -> list[Damage]:
    """Return what is wrong in the table of some parts."""
    try:
        return [] if _is_as_made(one, name, found) else _unlike(one, name, found, due)
    except (OSError, ValueError, csv.Error) as error:
        missing = isinstance(error, FileNotFoundError)
        return [Damage(name, None, "is missing" if missing else f"cannot be read: {error}")]


def _is_as_made(one: About, name: str, found: Sequence[PartFound]) -> bool:
    """Tell whether a table is, byte by byte, what this version would write of the rows that were read."""
    with one.store.open(name) as file:
        same = file.read(len(HEADER)) == HEADER
        for each in found:
            digest = hashlib.sha256(HEADER + file.read(each.labels_bytes)).hexdigest() if same else ""
            same = same and digest == each.labels
        return same and not file.read(1)


def _unlike(one: About, name: str, found: Sequence[PartFound], due: Sequence[DuePart]) -> list[Damage]:
    """Return in what a table is another, row by row."""
    damage, count = list[Damage](), 0
    with io.TextIOWrapper(one.store.open(name), encoding="utf-8", newline="\n") as text:
        lines = raw_rows(text)
        header = csv_rows(next(lines, ""))
        columns = header[0] if header else []
        if columns != list(COLUMNS) if one.same_code else not set(columns) <= set(COLUMNS) or not columns:
            damage.append(Damage(name, None, "its columns are others"))
        for part, each in zip(due, found, strict=True):
            some = list(itertools.islice(lines, len(part.indices)))
            count += len(some)
            rows = "".join(some)
            if each.labels and each.labels != hashlib.sha256(HEADER + rows.encode()).hexdigest():
                damage += itertools.islice(_rows(one, name, part, columns, rows), _ROWS + 1)
        count += sum(1 for _ in lines)
    if count != (samples := sum(len(part.indices) for part in due)):
        has = f"has {count} rows, the dataset {samples} samples" if name == names.LABELS else f"has {count} rows"
        damage.append(Damage(name, None, has))
    return damage


def _rows(one: About, name: str, part: DuePart, header: list[str], text: str) -> Iterator[Damage]:
    """Yield the rows of a part that differ, by the columns that the table has."""
    file = parts.part_file(part.number)
    reader = PartReader(one.store, file)
    try:
        made = csv_rows(labels_rows(file, map(reader.record, range(len(reader)))).decode())
    finally:
        reader.close()
    shared = [column for column in header if column in COLUMNS]
    there, same = csv_rows(text), True
    for row, index in enumerate(part.indices):
        if row >= len(there):
            return
        wanted = [made[row][COLUMNS.index(column)] for column in shared]
        said = [_now(column, value) for column, value in zip(header, there[row], strict=False) if column in COLUMNS]
        for line in row_unlike(said, wanted, shared):
            same = False
            yield Damage(name, index, line)
    if same and one.same_code and header == list(COLUMNS):
        yield Damage(name, None, f"the rows of {file} are written otherwise, though they say the same")


def _now(column: str, value: str) -> str:
    """Return a field as it is written now; in version 1 splits had spaces."""
    return split_name(value) if column == "split" else value
