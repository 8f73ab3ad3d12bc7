"""figureground: backgrounds + foregrounds -> a dataset for monocular depth estimation and segmentation."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from figureground.core.errors import FigureGroundError as FigureGroundError
    from figureground.core.nouns import Catalog as Catalog
    from figureground.core.nouns import DepthMap as DepthMap
    from figureground.core.recipe import Recipe as Recipe
    from figureground.core.recipe_toml import load_recipe as load_recipe
    from figureground.core.record import Record as Record
    from figureground.dataset.opening import open_dataset as open_dataset
    from figureground.dataset.select import Selection as Selection
    from figureground.dataset.stored import Dataset as Dataset
    from figureground.dataset.virtual import VirtualDataset as VirtualDataset
    from figureground.formats import export as export
    from figureground.make.build import build as build
    from figureground.make.build import check as check
    from figureground.make.cost import dry_run as dry_run
    from figureground.samples.sample import Sample as Sample

# name -> module; loaded on first use, so that `figureground --help` imports neither numpy nor Pillow
_HOMES = {
    "Catalog": "core.nouns",
    "Dataset": "dataset.stored",
    "DepthMap": "core.nouns",
    "FigureGroundError": "core.errors",
    "Recipe": "core.recipe",
    "Record": "core.record",
    "Sample": "samples.sample",
    "Selection": "dataset.select",
    "VirtualDataset": "dataset.virtual",
    "build": "make.build",
    "check": "make.build",
    "dry_run": "make.cost",
    "export": "formats",
    "load_recipe": "core.recipe_toml",
    "open_dataset": "dataset.opening",
}

__all__ = [
    "Catalog",
    "Dataset",
    "DepthMap",
    "FigureGroundError",
    "Recipe",
    "Record",
    "Sample",
    "Selection",
    "VirtualDataset",
    "build",
    "check",
    "dry_run",
    "export",
    "load_recipe",
    "open_dataset",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"figureground.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'figureground' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
