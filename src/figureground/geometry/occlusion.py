"""What stands in front: the z-test of a figure against its background, soft at the edges and free of crumbs."""

from __future__ import annotations

import numpy as np

from figureground.core.arrays import Singles
from figureground.core.canvas import Canvas
from figureground.core.nouns import Alpha, DepthMap, Mask, Picture
from figureground.geometry.perspective import inverse
from figureground.image.filters import guided, window_sums
from figureground.image.masks import without_crumbs

MARGIN = {True: 0.10, False: 0.02}  # of inverse depth, for estimated and for known depth: less is not "in front"
_NINTHS = np.rint(np.arange(10) * 255 / 9).astype(np.uint8)  # alpha of so many px of 3 x 3
CRUMB = 0.004  # of the looked-at pixels: smaller pieces and smaller holes are no objects


def nearness(depth: DepthMap, picture: Picture, estimated: bool) -> Singles:
    """Return the inverse depth that decides who stands before whom, float32 (height, width), 0 where unknown.

    Depth by a network is blurred at edges; a guided filter (He, Sun and Tang 2013), guided by the picture, moves its
    edges onto the picture's.  Known depth is taken as it is.
    """
    values = inverse(depth)
    if values is None:
        return np.zeros(picture.shape[:2], np.float32)
    q = np.nan_to_num(values).astype(np.float32)
    return guided(picture, q, max(2, round(Canvas(*picture.shape[:2]).px(5)))) if estimated else q


def hidden(
    nearness: Singles, floor: Mask, inverse_depth: float, box: tuple[slice, slice], estimated: bool
) -> Alpha | None:
    """Return how much of a figure at this inverse depth the background hides, uint8; None for nothing.

    Only `box`, (rows, columns) of the canvas, is looked at, and what is returned has its size.  Floor hides nothing:
    what stands on it stands before it.
    """
    height, width = nearness.shape
    reach = 4  # so that the filters see what lies beside the box
    rows = slice(max(box[0].start - reach, 0), min(box[0].stop + reach, height))
    columns = slice(max(box[1].start - reach, 0), min(box[1].stop + reach, width))
    nearer = nearness[rows, columns] > np.float32(inverse_depth * (1 + MARGIN[estimated]))
    nearer &= ~floor[rows, columns]
    least = max(12, CRUMB * nearer.size)
    if np.count_nonzero(nearer) < least:
        return None
    # more than half of 5 x 5: the median of a mask, at a quarter of its cost
    front = without_crumbs(window_sums(nearer, 2) > 12, least)
    if not front.any():
        return None
    soft = _NINTHS[window_sums(front, 1)]
    top, left = box[0].start - rows.start, box[1].start - columns.start
    return soft[top : top + box[0].stop - box[0].start, left : left + box[1].stop - box[1].start]
