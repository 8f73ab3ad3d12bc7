"""How tall a figure is in the picture: drawn for each sample or by its photo, within what its cut-out allows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from figureground.core import random
from figureground.core.arrays import Floats, Ints
from figureground.core.canvas import Canvas
from figureground.core.job import Heights
from figureground.core.nouns import Foreground
from figureground.core.random import content_index

_ENLARGED = 2  # times, at most, that a cut-out is pasted larger than it was prepared


def photo_height(heights: Heights, source_sha256: str) -> int:
    """Return the one height in px of a photo's figures; it hangs on the photo's content, not on its name."""
    low, high = (max(1, round(px)) for px in (heights.least, heights.most))
    return int(random.integers(heights.seed, content_index(source_sha256), "figure height", low, high))


def real_height(heights: Heights, source_sha256: str) -> float:
    """Return a foreground's height in metres, drawn in the range of its source."""
    low, high = heights.real_m
    draw = float(random.uniform(heights.seed, content_index(source_sha256), "real height"))
    return round(low + (high - low) * draw, 4)


def limits(of_sources: Sequence[Heights], canvas: Canvas, cutout: Foreground) -> tuple[float, float]:
    """Return the least and greatest height in px of a pasted cut-out.

    It is no more enlarged than twice, and no part of the frame's width wider than its source may be of the height.
    What the photo's frame cut on two sides opposite must reach both sides of the picture: then the least may be more
    than the greatest, and it has no place.
    """
    heights = of_sources[cutout.source_number - 1]
    slim = cutout.height / cutout.width
    most = min(heights.most, _ENLARGED * cutout.height, canvas.width * slim * heights.most / canvas.height)
    least = min(heights.least, most)
    if {"top", "bottom"} <= set(cutout.cut):
        least = max(least, canvas.height)
    if {"left", "right"} <= set(cutout.cut):
        least = max(least, canvas.width * slim)
    return least, most


def drawn(seed: int, counter: ArrayLike, purpose: str, between: tuple[float, float]) -> Floats:
    """Return a height in px for each counter, drawn evenly in its logarithm."""
    least, most = between
    return np.asarray(least * (most / least) ** random.uniform(seed, counter, purpose), np.float64)


def resized(cutout: Foreground, height: int) -> tuple[int, int]:
    """Return (width, height) of a cut-out at a height."""
    return max(1, round(cutout.width * height / cutout.height)), height


def sizes_of(cutout: Foreground, heights: Floats) -> Ints:
    """Return the sizes in px, int64 (n, 2), x first, of a cut-out at some heights."""
    height = np.maximum(np.rint(heights), 1).astype(np.int64)
    width = np.maximum(np.rint(cutout.width * height / cutout.height), 1).astype(np.int64)
    return np.stack([width, height], -1)
