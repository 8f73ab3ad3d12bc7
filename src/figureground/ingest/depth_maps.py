"""Depth maps that the user gives: which belongs to which background, and what their files mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.core.errors import FigureGroundError, SetAsideError, without_paths
from figureground.core.files import user_path
from figureground.core.recipe import Recipe
from figureground.core.sample import DepthMap

_PNG_STEPS = {"m": 1000.0, "1/m": 10000.0, "relative": 1.0}  # codes of a 16-bit PNG a unit


def depth_maps(recipe: Recipe) -> dict[str, Path]:
    """Return the depth map of each stem.  Raises FigureGroundError for no folder, and for two maps of one stem."""
    if not recipe.backgrounds.depth:
        return {}
    folder = user_path(recipe.backgrounds.depth, recipe.root)
    if not folder.is_dir():
        raise FigureGroundError(
            "no such folder of depth maps",
            f"backgrounds.depth = {recipe.backgrounds.depth!r}",
            "paths start from the recipe's folder",
        )
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in (".png", ".npy"):
            if path.stem in found:
                raise FigureGroundError(
                    "two depth maps have one stem, so it is not clear whose they are",
                    f"{found[path.stem].name} and {path.relative_to(folder).as_posix()} in backgrounds.depth",
                    "rename one, or remove it",
                )
            found[path.stem] = path
    return found


def read_depth(path: Path, unit: str) -> NDArray[np.float32]:
    """Return values in the unit, float32 (height, width); 0 or NaN where unknown."""
    try:
        if path.suffix.lower() == ".npy":
            values = np.load(path, allow_pickle=False)
        else:
            with Image.open(path) as picture:
                if not picture.mode.startswith("I"):
                    raise SetAsideError(f"its depth map is no 16-bit PNG (mode {picture.mode})")
                values = np.asarray(picture).astype(np.float32) / np.float32(_PNG_STEPS[unit])
    except (OSError, ValueError, SyntaxError) as error:
        raise SetAsideError(f"its depth map cannot be read: {without_paths(error)}") from None
    if values.ndim != 2 or not np.issubdtype(values.dtype, np.number):
        raise SetAsideError(f"its depth map has shape {values.shape}, not (height, width)")
    found: NDArray[np.float32] = values.astype(np.float32)
    return found


def with_unit(values: NDArray[np.float32], unit: str) -> DepthMap:
    """Return values as a depth map in the recipe's `backgrounds.depth_unit`."""
    if unit == "m":
        return DepthMap(values, "m", "larger is farther")
    return DepthMap(values, "1/m" if unit == "1/m" else "relative", "larger is nearer")
