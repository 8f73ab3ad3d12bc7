"""The labels of a part as a table: a row a sample, under the header of labels.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from figureground.core.record import COLUMNS, Record, labels_row

FOLDER = "labels"
HEADER = f"{','.join(COLUMNS)}\n".encode()


def labels_file(number: int) -> str:
    """Return the name of a part's labels: "labels/part-00007.csv"."""
    return f"{FOLDER}/part-{number:05d}.csv"


class LabelsWriter:
    """Takes the records of one part, in their order, and has their table."""

    def __init__(self, part_file: str) -> None:
        self._file = part_file
        self._text = io.StringIO(newline="")
        self._writer = csv.writer(self._text, lineterminator="\n")

    def add(self, record: Record) -> None:
        self._writer.writerow(labels_row(self._file, record))

    def rows(self) -> bytes:
        """Return the rows alone."""
        return self._text.getvalue().encode()


def labels_rows(part_file: str, records: Iterable[Record]) -> bytes:
    """Return a part's rows of labels.csv, without their header."""
    writer = LabelsWriter(part_file)
    for record in records:
        writer.add(record)
    return writer.rows()
