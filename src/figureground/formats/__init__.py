"""Other layouts of a finished dataset, one module a layout: its options and its writer."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import importlib
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.faults import at_work, require_writable
from figureground.core.places import Place, store_at
from figureground.core.progress import Paced, Progress, silent
from figureground.dataset.opening import open_dataset
from figureground.dataset.select import Samples
from figureground.formats.begun import Begun
from figureground.formats.choice import Choice, chosen
from figureground.formats.format import Format, Work, required_options

# name -> the module that has it as FORMAT
EXPORTS = {
    "2020": "layout2020",
    "coco": "coco",
    "yolo": "yolo",
    "folder": "folder",
    "moge": "moge",
    "depth-anything": "depth_anything",
    "metric3d": "metric3d",
    "marigold": "marigold",
    "webdataset": "webdataset",
    "parquet": "parquet",
    "hdf5": "hdf5",
    "tables": "tables",
}


def format_called(name: str) -> Format:
    """Return a layout by its name.  Raises FigureGroundError for one that is not known."""
    if name not in EXPORTS:
        near = difflib.get_close_matches(name, EXPORTS, 1)
        raise FigureGroundError(
            f"unknown export format {name!r}",
            "export",
            f"did you mean {near[0]!r}?" if near else f"one of {', '.join(EXPORTS)}",
        )
    found: Format = importlib.import_module(f"figureground.formats.{EXPORTS[name]}").FORMAT
    return found


def export(
    dataset: Samples | Place,
    format: str,
    out: Place,
    *,
    choice: Choice | None = None,
    progress: Progress = silent,
    **options: Any,
) -> int:
    """Write a finished dataset in another layout into a new or empty place, or go on where the same call was stopped.

    `dataset`: it, a selection of it, or where it is.  `format`: one of `EXPORTS`; `options`: those of its module.
    `choice`: which samples; None for all.  Returns how many samples were chosen.  Raises FigureGroundError for a format
    or an option that is not known, for what the format cannot hold, and for a folder that is in use.
    """
    known = format_called(format)
    given = required_options(known.options, options)
    data = dataset if isinstance(dataset, Samples) else open_dataset(dataset)
    source, numbers = chosen(data, choice or Choice())
    store = store_at(out)
    work = Work(source, numbers, store, store_at(out, durable=False), Paced(progress))
    prepared = known.prepare(work, given)
    begun = Begun(known.name, source, {**dataclasses.asdict(prepared.options), **_told(source, numbers)})
    begun.require_own(store)
    require_writable(store)
    with at_work(store):
        begun.begin(store)
        prepared.write()
    return len(numbers)


def _told(dataset: Samples, numbers: list[int]) -> dict[str, Any]:
    """Return what export.json says of which samples were chosen; nothing where all were."""
    if len(numbers) == len(dataset):
        return {}
    return {"chosen": len(numbers), "chosen_sha256": hashlib.sha256(",".join(map(str, numbers)).encode()).hexdigest()}
