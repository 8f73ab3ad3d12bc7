"""How a photo, its depth map and its focal length become the canvas: cover, contain or stretch."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from figureground.core.arrays import Singles
from figureground.core.canvas import Canvas
from figureground.core.errors import SetAsideError
from figureground.core.nouns import Picture
from figureground.core.recipe import Fit


def used_side(photo_shape: tuple[int, ...], fit: Fit) -> int:
    """Return the side of a photo, in px, that becomes the canvas's."""
    return min(photo_shape[:2]) if fit == "cover" else max(photo_shape[:2])


def framed(picture: Picture, canvas: Canvas, fit: Fit) -> Picture:
    """Return uint8 (height, width, 3) of the canvas.

    "cover": its middle, in the canvas's shape; "contain": all of it, the rest filled with its mean colour; "stretch":
    as it comes.
    """
    image = Image.fromarray(np.ascontiguousarray(picture[..., :3]))
    if fit == "contain":
        width, height = _contained(image.width, image.height, canvas)
        filled = np.empty((*canvas.shape, 3), np.uint8)
        filled[:] = np.rint(picture[..., :3].reshape(-1, 3).mean(0))
        top, left = (canvas.height - height) // 2, (canvas.width - width) // 2
        filled[top : top + height, left : left + width] = np.asarray(
            image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
        )
        return filled
    box = _cover_box(image.width, image.height) if fit == "cover" else (0, 0, image.width, image.height)
    return np.asarray(image.resize((canvas.width, canvas.height), Image.Resampling.LANCZOS, box, reducing_gap=3.0))


def _cover_box(width: int, height: int) -> tuple[float, float, float, float]:
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def _contained(width: int, height: int, canvas: Canvas) -> tuple[int, int]:
    scale = min(canvas.width / width, canvas.height / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def framed_depth(values: Singles, photo_shape: tuple[int, ...], canvas: Canvas, fit: Fit) -> Singles:
    """Return a known depth map on the canvas: float32 (height, width), NaN where unknown.

    Sampled at pixel centres without averaging, which would invent depths between near and far.  Raises SetAsideError
    when the map has another aspect than its photo, or says nothing.
    """
    height, width = values.shape
    if abs(height / width - photo_shape[0] / photo_shape[1]) > 0.02 * height / width:
        raise SetAsideError(f"its depth map is {width} x {height} px, another shape than the photo")
    new_width, new_height, box = canvas.width, canvas.height, (0.0, 0.0, float(width), float(height))
    if fit == "contain":
        new_width, new_height = _contained(width, height, canvas)
    elif fit == "cover":
        box = _cover_box(width, height)
    columns = (box[0] + (np.arange(new_width) + 0.5) * (box[2] - box[0]) / new_width).astype(int)
    rows = (box[1] + (np.arange(new_height) + 0.5) * (box[3] - box[1]) / new_height).astype(int)
    chosen = values[rows][:, columns]
    filled = np.full(canvas.shape, np.nan, np.float32)
    top, left = (canvas.height - new_height) // 2, (canvas.width - new_width) // 2
    filled[top : top + new_height, left : left + new_width] = np.where(
        np.isfinite(chosen) & (chosen > 0), chosen, np.float32(np.nan)
    )
    if not np.isfinite(filled).any():
        raise SetAsideError("its depth map has no valid value")
    return filled


def canvas_focal(focal: float, photo_shape: tuple[int, ...], fit: Fit) -> float:
    """Return focal length / side of the canvas of a photo whose focal length / diagonal is known (0: unknown)."""
    height, width = photo_shape[:2]
    side = {"cover": min(height, width), "contain": max(height, width)}.get(fit, math.sqrt(height * width))
    return round(focal * math.hypot(height, width) / side, 5)
