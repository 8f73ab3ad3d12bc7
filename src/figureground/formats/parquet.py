"""Parquet files with the pictures in them, as Hugging Face's `datasets` and its hub have them.

train-00000-of-00002.parquet ...   a row a sample: image, mask, depth ... as {bytes, path}, and the record's fields
README.md                          what it is; a split is a split of `load_dataset(OUT)`; written last
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from figureground.core.features import pictures_first, row_features
from figureground.core.options import option
from figureground.formats.arrow import require_pyarrow, write_rows
from figureground.formats.format import Format, Prepared, Work
from figureground.formats.hub_card import README, Files, card, shared_out
from figureground.formats.members import members, suffix_of

_ABOUT = "Parquet files, a row a sample: its pictures as they are stored, and what its record says."


@dataclass(frozen=True)
class Options:
    per_file: int = option(1000, "Samples a file.")


def prepare(work: Work, options: Options) -> Prepared:
    """Members are copied as they are stored."""
    require_pyarrow()
    files = shared_out(work, options.per_file, "{split}-{number}-of-{count}.parquet")
    return Prepared(options, lambda: _write(work, files))


FORMAT = Format(
    "parquet", "Parquet files with the pictures in them; datasets, pandas and polars read them.", Options, prepare
)


def _write(work: Work, files: Sequence[Files]) -> None:
    features = pictures_first(row_features(work.dataset.record(work.numbers[0])))
    done = 0
    for one in files:
        for name, numbers in one.numbers.items():
            if work.store.size(name) is None:
                with work.store.writing(name) as file:
                    write_rows(file, features, _rows(work, numbers, done))
            done += len(numbers)
            work.progress("export", done, len(work.numbers))
    work.put(README, card(work, files, {}, _ABOUT))


def _rows(work: Work, numbers: Sequence[int], done: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of some samples.  `done`: how many stand in earlier files."""
    for k, i in enumerate(numbers):
        record = work.dataset.record(i)
        row: dict[str, Any] = dict.fromkeys(record.files)
        for layer, data in members(work.dataset, i).items():
            row[layer] = {"bytes": data, "path": f"{record.index:09d}.{layer}.{suffix_of(record, layer)}"}
        yield row | {name: value for name, value in record.to_row().items() if not name.endswith("_file_name")}
        work.progress("export", done + k, len(work.numbers))
