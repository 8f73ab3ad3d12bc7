"""Depth maps that the user gives: which belongs to which background, and what their files mean."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from figureground.core.arrays import Singles
from figureground.core.errors import FigureGroundError, SetAsideError, without_paths
from figureground.core.files import regular_bytes, user_path
from figureground.core.nouns import DepthMap, DepthUnit
from figureground.image.opened import opened

_PNG_STEPS = {"m": 1000.0, "1/m": 10000.0, "relative": 1.0}  # codes of a 16-bit PNG a unit


def depth_maps(folder_name: str, root: Path) -> dict[str, Path]:
    """Return the depth map of each stem.  Raises FigureGroundError for no folder, and for two maps of one stem."""
    folder = user_path(folder_name, root)
    if not folder.is_dir():
        raise FigureGroundError(
            "no such folder of depth maps",
            f"backgrounds.depth = {folder_name!r}",
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


def require_one_owner(photos: Iterable[Path], maps: dict[str, Path], root: Path) -> None:
    """Raise FigureGroundError where two photos would share one depth map."""
    owners = Counter(path.stem for path in photos if path.stem in maps)
    for path in photos:
        if owners[path.stem] > 1:
            raise FigureGroundError(
                f"{owners[path.stem]} backgrounds are named {path.stem!r}, and one depth map",
                str(path.relative_to(root) if path.is_relative_to(root) else path),
                "give photos with depth names of their own",
            )


def read_depth(path: Path, unit: DepthUnit) -> DepthMap:
    """Return a depth map in the unit, float32 (height, width); 0 or NaN where unknown.  Raises SetAsideError."""
    try:
        if path.suffix.lower() == ".npy":
            values = np.load(io.BytesIO(regular_bytes(path)), allow_pickle=False)
        else:
            with opened(regular_bytes(path), ("PNG",)) as picture:
                if not picture.mode.startswith("I"):
                    raise SetAsideError(f"its depth map is no 16-bit PNG (mode {picture.mode})")
                values = np.asarray(picture).astype(np.float32) / np.float32(_PNG_STEPS[unit])
    except (OSError, ValueError, SyntaxError) as error:
        raise SetAsideError(f"its depth map cannot be read: {without_paths(error)}") from None
    if values.ndim != 2 or not np.issubdtype(values.dtype, np.number):
        raise SetAsideError(f"its depth map has shape {values.shape}, not (height, width)")
    found: Singles = values.astype(np.float32)
    return DepthMap(found, unit, "larger is farther" if unit == "m" else "larger is nearer")
