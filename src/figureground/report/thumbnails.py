"""Small pictures as data URIs, so that a page is one file."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.core.nouns import Picture

SIDE = 224  # px of a thumbnail, at most


def jpeg_uri(picture: Picture, side: int = SIDE) -> str:
    """Return a data URI of an RGB picture (h, w, 3), at most `side` px large."""
    out = io.BytesIO()
    _within(Image.fromarray(picture), side).save(out, "JPEG", quality=86, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()


def png_uri(picture: NDArray[np.uint8], side: int = SIDE) -> str:
    """Return a data URI of a cut-out (h, w, 4) or a mask (h, w) of 0 and 255, at most `side` px large.

    A mask that needs no scaling stays exact: 1 bit a pixel.
    """
    image = Image.fromarray(picture)
    if image.mode == "L":
        image = _within(image, side)
        image = image.convert("1") if image.size == (picture.shape[1], picture.shape[0]) else image
    else:  # premultiplied for resizing, or transparent pixels' colours bleed into the edges
        image = _within(image.convert("RGBa"), side).convert("RGBA") if max(image.size) > side else image
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def icon_uri() -> str:
    """Return the page's icon: a figure, and the same shape as ground."""
    row, column = np.indices((32, 32)) - 15.5
    inside = row**2 + column**2 < 11**2
    left = column < 0
    return png_uri(((inside ^ left) * np.uint8(255)).astype(np.uint8))


def _within(image: Image.Image, side: int) -> Image.Image:
    scale = min(1.0, side / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)
