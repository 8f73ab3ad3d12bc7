"""The labels of a dataset as a typed table, a row a sample or a figure, for pandas, polars and other tools.

    labels.csv or labels.parquet   unknown values are empty fields or nulls, truth values are true and false

Rows of samples have the columns of the dataset's own labels.csv, whose truth values are 1 and 0.  Rows of figures have
what a record knows of each of them, its number in `figure`, and which sample it is in; a sample without has none.
"""

from __future__ import annotations

import bisect
import csv
import io
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from figureground.core.features import SPREAD, Type, figure_columns, label_columns
from figureground.core.options import option
from figureground.core.record import FigureRecord, label_values
from figureground.formats.arrow import require_pyarrow, write_rows
from figureground.formats.format import Format, Prepared, Work, require_choice

_CREDITS = ("background_licence", "background_credit")
_SAMPLE = (
    *("index", "key", "part", "image", "mask", "depth", "background", "position", "mirrored", "split"),
    *("background_tag", *_CREDITS, "plausibility", "doubts", "depth_unit"),
)


@dataclass(frozen=True)
class Options:
    rows: str = option("samples", "samples: a row a sample | figures: a row a figure")
    file: str = option("csv", "csv | parquet, which needs pyarrow")


def prepare(work: Work, options: Options) -> Prepared:
    require_choice("rows", options.rows, ("samples", "figures"))
    require_choice("file", options.file, ("csv", "parquet"))
    if options.file == "parquet":
        require_pyarrow()
    return Prepared(options, lambda: _write(work, options))


FORMAT = Format(
    "tables",
    "labels.csv or labels.parquet, a row a sample or a figure, with types; pandas and polars read it.",
    Options,
    prepare,
)


def _write(work: Work, options: Options) -> None:
    name = f"labels.{options.file}"
    if work.store.size(name) is not None:
        return
    columns = _columns(options.rows)
    rows = _rows(work, options.rows)
    with work.store.writing(name) as file:
        if options.file == "parquet":
            write_rows(file, columns, rows)
        else:
            _write_csv(file, columns, rows)


def _write_csv(file: IO[bytes], columns: Mapping[str, Type], rows: Iterator[dict[str, Any]]) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        values = (row.get(column) for column in columns)
        writer.writerow(["" if v is None else str(v).lower() if isinstance(v, bool) else v for v in values])
    text.detach()  # flushes; the store closes the file


def _columns(rows: str) -> dict[str, Type]:
    """Return the columns of the table, and their types."""
    labels: dict[str, Type] = {**label_columns()}
    if rows == "samples":
        return labels
    texts: dict[str, Type] = dict.fromkeys(_CREDITS, "string")
    known = labels | texts
    return {**{column: known[column] for column in _SAMPLE}, "figure": "int64", **figure_columns()}


def _rows(work: Work, rows: str) -> Iterator[dict[str, Any]]:
    """Yield the table's rows, column -> value, None where unknown."""
    parts = work.dataset.manifest["parts"]
    ends = list(itertools.accumulate(part["samples"] for part in parts))
    for k, (i, record) in enumerate(work.records()):
        sample = {**label_values(record), "part": parts[bisect.bisect_right(ends, i)]["file"]}
        if rows == "samples":
            yield sample
        else:
            sample |= {name: getattr(record, name) for name in _CREDITS}
            own = {column: sample[column] for column in _SAMPLE}
            yield from ({**own, "figure": j, **_figure(figure)} for j, figure in enumerate(record.figures))
        work.progress("export", k + 1, len(work.numbers))


def _figure(figure: FigureRecord) -> dict[str, Any]:
    """Return what a record says of a figure, in columns."""
    found = {name: value for name, value in vars(figure).items() if name not in (*SPREAD, "look")}
    for name, edges in SPREAD.items():
        found |= dict(itertools.zip_longest(edges, getattr(figure, name) or ()))
    return found | {f"look_{name}": value for name, value in vars(figure.look).items()}
