"""Pictures of the 2020 layout -> members of a dataset: bytes are handed on where they are what a dataset holds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Bytes
from figureground.core.errors import FigureGroundError
from figureground.core.nouns import HALF, Mask
from figureground.image import png
from figureground.image.opened import DAMAGED, opened, stored_pixels

Shape = tuple[int, int]
_KINDS = {b"\xff\xd8": "jpg", b"\x89P": "png"}
_NEAR = 16  # levels from black or white: beyond, a mask's pixel is neither


def shape_of(data: bytes) -> Shape:
    """Return (height, width) of a picture, by its header.  Raises ValueError."""
    try:
        with opened(data) as picture:
            return picture.height, picture.width
    except DAMAGED as error:
        raise ValueError(f"it is no picture: {type(error).__name__}") from None


def image_of(data: bytes, shape: Shape) -> tuple[str, bytes, Bytes]:
    """Return (suffix, bytes, uint8 (height, width, 3)) of a composite: JPEG and PNG as they are.  Raises ValueError."""
    values = stored_pixels(data, shape)
    if values.ndim == 3 and values.shape[2] == 3 and data[:2] in _KINDS:
        return _KINDS[data[:2]], data, values
    if values.dtype != np.uint8:
        raise ValueError("a composite of 16 bits")
    colours = np.repeat(values[..., None], 3, 2) if values.ndim == 2 else np.ascontiguousarray(values[..., :3])
    return "png", png.encode(colours), colours


def mask_of_picture(data: bytes, shape: Shape | None = None) -> tuple[bytes, Mask, int]:
    """Return (PNG of 1 bit, bool (height, width), how many pixels were neither black nor white) of a mask.

    A mask is where a pixel is half white or more.  Raises ValueError.
    """
    values = grey(stored_pixels(data, shape))
    if values.dtype != np.uint8:
        raise ValueError("a mask of 16 bits")
    mask = values >= HALF
    between = int(np.count_nonzero((values >= _NEAR) & (values <= 255 - _NEAR)))
    return png.encode(mask, 1), mask, between


def depth_of(data: bytes, shape: Shape) -> tuple[str, bytes, NDArray[Any]]:
    """Return (suffix, bytes, uint8 or uint16 codes) of a depth picture, as they are; one that was saved in colours is
    grey.  Raises ValueError."""
    values = stored_pixels(data, shape)
    if values.ndim == 2 and data[:2] in _KINDS:
        return _KINDS[data[:2]], data, values
    codes = grey(values)
    return "png", png.encode(codes), codes


def grey(values: NDArray[Any]) -> NDArray[Any]:
    """Return (height, width) values; of a picture whose channels hold the same, but for what JPEG did, one of them.

    Raises ValueError where they hold other things, as those of a colour map do.
    """
    if values.ndim == 2:
        return values
    channels = values[..., :3].astype(np.int16)
    if int((channels.max(2) - channels.min(2)).max()) > _NEAR:
        raise ValueError("it is in colours, not in grey")
    return np.ascontiguousarray(values[..., 1])


def refused(error: ValueError, place: str) -> FigureGroundError:
    """Return what to raise where a picture of the layout cannot be used."""
    return FigureGroundError(f"a picture cannot be taken in: {error}", place, "bring it back, or take its line out")
