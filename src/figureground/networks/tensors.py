"""Pictures as networks take them, and their maps as pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.core.nouns import Picture

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

_FILTERS = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "lanczos": Image.Resampling.LANCZOS,
}


def resized(picture: Picture, rows: int, columns: int, resize: str = "bicubic") -> Picture:
    """Return a picture at that size: bicubic, bilinear or lanczos."""
    if picture.shape[:2] == (rows, columns):
        return picture
    return np.asarray(Image.fromarray(picture).resize((columns, rows), _FILTERS[resize]))


def normalised(
    picture: Picture, mean: Sequence[float], std: Sequence[float], layout: str = "nchw"
) -> NDArray[np.float32]:
    """Return (RGB / 255 - mean) / std, float32 (3, height, width), or (height, width, 3) with layout "nhwc"."""
    # channels lie apart before anything is worked out: three long rows take a tenth of the time of many triples
    planes = layout == "nchw"
    values = (picture.transpose(2, 0, 1) if planes else picture).astype(np.float32, order="C")
    across = (3, 1, 1) if planes else (3,)
    values /= np.float32(255)
    values -= np.array(mean, np.float32).reshape(across)
    values /= np.array(std, np.float32).reshape(across)
    return values


def resized_map(values: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Return a map, float32 (h, w), at that size, bilinear.

    NaN is no value: it has no part in its neighbours, and a pixel has a value where half of it or more comes from some.
    """
    if values.shape == (height, width):
        return values
    known = np.isfinite(values)
    if known.all():
        return _bilinear(values, height, width)
    share = _bilinear(known.astype(np.float32), height, width)
    enough = share >= np.float32(0.5)
    found = _bilinear(np.where(known, values, np.float32(0)), height, width)
    return np.where(enough, found / np.where(enough, share, np.float32(1)), np.float32(np.nan))


def _bilinear(values: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(values).resize((width, height), Image.Resampling.BILINEAR))
