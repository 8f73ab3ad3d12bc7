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
from figureground.core.room import Edgels
from figureground.image.edgels import edgels_of

_LINES_SEEN = 320  # px of the shorter side: of 224, 320 and 448 what told the most of frames with sensor depth


def enlargement(photo_shape: tuple[int, ...], canvas: Canvas, fit: Fit) -> float:
    """Return by how much a photo is enlarged to become the canvas; below 1 it is reduced.

    Where it is stretched, by the lesser of the two factors.
    """
    height, width = photo_shape[:2]
    across, down = canvas.width / width, canvas.height / height
    return max(across, down) if fit == "cover" else min(across, down)


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
    box = _cover_box(image.width, image.height, canvas) if fit == "cover" else (0, 0, image.width, image.height)
    return np.asarray(image.resize((canvas.width, canvas.height), Image.Resampling.LANCZOS, box, reducing_gap=3.0))


def framed_edgels(picture: Picture, canvas: Canvas, fit: Fit) -> Edgels:
    """Return the edgels of a photo as it lies on the canvas, taken at the size at which lines are told best.

    What fills the canvas beside a photo that is contained has none.
    """
    factor = min(_LINES_SEEN / canvas.shorter, 4 * _LINES_SEEN / canvas.longer)
    fine = Canvas(round(factor * canvas.height), round(factor * canvas.width))
    if fit != "contain":
        return edgels_of(framed(picture, fine, fit), pixel_stretch(picture.shape, canvas, fit))
    bare = Canvas(*_contained(picture.shape[1], picture.shape[0], fine)[::-1])
    found = edgels_of(framed(picture, bare, "stretch"))
    return Edgels(found.place * np.float32(bare.height / fine.height), found.normal)


def _cover_box(width: int, height: int, canvas: Canvas) -> tuple[float, float, float, float]:
    """Return the largest box of the canvas's shape in the middle of a photo: left, top, right, bottom."""
    across, down = _covered(width, height, canvas)
    left, top = (width - across) / 2, (height - down) / 2
    return left, top, left + across, top + down


def _covered(width: int, height: int, canvas: Canvas) -> tuple[float, float]:
    """Return (width, height) of the part of a photo that covers the canvas."""
    if width * canvas.height > height * canvas.width:
        return height * canvas.width / canvas.height, height
    return width, width * canvas.height / canvas.width


def _contained(width: int, height: int, canvas: Canvas) -> tuple[int, int]:
    scale = min(canvas.width / width, canvas.height / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def same_aspect(map_shape: tuple[int, ...], photo_shape: tuple[int, ...]) -> bool:
    """Tell whether a map may be of a whole photo, whatever their sizes."""
    height, width = map_shape[:2]
    return abs(height / width - photo_shape[0] / photo_shape[1]) <= 0.02 * height / width


def framed_depth(
    values: Singles, photo_shape: tuple[int, ...], canvas: Canvas, fit: Fit, above: float = 0.0
) -> Singles:
    """Return a known depth map on the canvas: float32 (height, width), NaN where unknown or not `above` that.

    Sampled at pixel centres without averaging, which would invent depths between near and far.  Raises SetAsideError
    when the map has another aspect than its photo, or says nothing.
    """
    height, width = values.shape
    if not same_aspect(values.shape, photo_shape):
        raise SetAsideError(f"its depth map is {width} x {height} px, another shape than the photo")
    new_width, new_height, box = canvas.width, canvas.height, (0.0, 0.0, float(width), float(height))
    if fit == "contain":
        new_width, new_height = _contained(width, height, canvas)
    elif fit == "cover":
        box = _cover_box(width, height, canvas)
    columns = (box[0] + (np.arange(new_width) + 0.5) * (box[2] - box[0]) / new_width).astype(int)
    rows = (box[1] + (np.arange(new_height) + 0.5) * (box[3] - box[1]) / new_height).astype(int)
    chosen = values[rows][:, columns]
    filled = np.full(canvas.shape, np.nan, np.float32)
    top, left = (canvas.height - new_height) // 2, (canvas.width - new_width) // 2
    filled[top : top + new_height, left : left + new_width] = np.where(
        np.isfinite(chosen) & (chosen > above), chosen, np.float32(np.nan)
    )
    if not np.isfinite(filled).any():
        raise SetAsideError("its depth map has no valid value")
    return filled


def canvas_focal(focal: float, photo_shape: tuple[int, ...], canvas: Canvas, fit: Fit) -> float:
    """Return focal length / width of the canvas of a photo whose focal length / diagonal is known (0: unknown).

    It is measured in columns; in rows it is `pixel_stretch` times that.
    """
    height, width = photo_shape[:2]
    across: float = width  # px of the photo that the canvas's width shows
    if fit == "cover":
        across, _ = _covered(width, height, canvas)
    elif fit == "contain":
        across = max(width, height * canvas.width / canvas.height)
    return round(focal * math.hypot(height, width) / across, 5)


def pixel_stretch(photo_shape: tuple[int, ...], canvas: Canvas, fit: Fit) -> float:
    """Return a photo's factor down / its factor across on the canvas: 1 but where `fit` stretches it."""
    height, width = photo_shape[:2]
    return round(canvas.height * width / (height * canvas.width), 6) if fit == "stretch" else 1.0
