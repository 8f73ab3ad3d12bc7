"""figureground: backgrounds + foregrounds -> a dataset for monocular depth estimation and segmentation."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from figureground.dataset import Dataset as Dataset
    from figureground.dataset import VirtualDataset as VirtualDataset
    from figureground.dataset import open_dataset as open_dataset
    from figureground.errors import FigureGroundError as FigureGroundError
    from figureground.pipeline import build as build
    from figureground.pipeline import dry_run as dry_run
    from figureground.recipe import Recipe as Recipe
    from figureground.recipe import load_recipe as load_recipe
    from figureground.sample import DepthMap as DepthMap
    from figureground.sample import Sample as Sample

# name -> module; loaded on first use, so that `figureground --help` imports neither numpy nor Pillow
_HOMES = {
    "Dataset": "dataset",
    "DepthMap": "sample",
    "FigureGroundError": "errors",
    "Recipe": "recipe",
    "Sample": "sample",
    "VirtualDataset": "dataset",
    "build": "pipeline",
    "dry_run": "pipeline",
    "load_recipe": "recipe",
    "open_dataset": "dataset",
}

__all__ = [
    "Dataset",
    "DepthMap",
    "FigureGroundError",
    "Recipe",
    "Sample",
    "VirtualDataset",
    "build",
    "dry_run",
    "load_recipe",
    "open_dataset",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"figureground.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'figureground' has no attribute {name!r}")
