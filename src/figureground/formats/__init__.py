"""Other layouts of a finished dataset, one module a layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.dataset.opening import open_dataset
from figureground.dataset.stored import Dataset
from figureground.formats import layout2020

EXPORTS = {"2020": layout2020.export}


def export(dataset: Dataset | Path | str, format: str, out: Path | str, **options: Any) -> None:
    """Write a finished dataset, or the one in a folder, in another layout.

    `format`: one of `EXPORTS`; `options`: those of its module.  Raises FigureGroundError for a format that is not known
    and a folder that is in use.
    """
    if format not in EXPORTS:
        raise FigureGroundError(f"unknown export format {format!r}", "export", f"one of {', '.join(EXPORTS)}")
    EXPORTS[format](dataset if isinstance(dataset, Dataset) else open_dataset(dataset), out, **options)
