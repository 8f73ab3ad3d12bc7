"""How tall a figure is: drawn by its photo's content, or within the limits of figures that stand."""

from __future__ import annotations

from collections.abc import Sequence

from figureground.core import random
from figureground.core.canvas import Canvas
from figureground.core.job import Heights
from figureground.core.nouns import Foreground
from figureground.core.random import content_index


def drawn_height(heights: Heights, source_sha256: str) -> int:
    """Return the height in px of a figure without geometry; it hangs on the photo's content, not on its name."""
    low, high = heights.drawn
    return int(random.integers(heights.seed, content_index(source_sha256), "figure height", low, high))


def real_height(heights: Heights, source_sha256: str) -> float:
    """Return a foreground's height in metres, drawn in the range of its source."""
    low, high = heights.real_m
    draw = float(random.uniform(heights.seed, content_index(source_sha256), "real height"))
    return round(low + (high - low) * draw, 4)


def limits(of_sources: Sequence[Heights], cutout: Foreground) -> tuple[float, float]:
    """Return the least and greatest height in px of a standing figure; no cut-out is enlarged more than twice."""
    heights = of_sources[cutout.source_number - 1]
    return heights.least, min(heights.most, 2 * cutout.height)


def resized(cutout: Foreground, height: int) -> tuple[int, int]:
    """Return (width, height) of a cut-out at a height."""
    return max(1, round(cutout.width * height / cutout.height)), height


def flat_size(of_sources: Sequence[Heights], canvas: Canvas, cutout: Foreground) -> tuple[int, int]:
    """Return (width, height) of a figure that finds no place on the floor: its drawn height, within the canvas."""
    heights = of_sources[cutout.source_number - 1]
    height = min(drawn_height(heights, cutout.source_sha256), int(canvas.width * cutout.height / cutout.width))
    return resized(cutout, max(1, height))
