"""What stands in front: the z-test of a figure against its background, soft at the edges and free of crumbs."""

from __future__ import annotations

import numpy as np

from figureground import native
from figureground.core.arrays import Singles
from figureground.core.canvas import Canvas
from figureground.core.nouns import HALF, Alpha, DepthMap, Mask, Picture
from figureground.geometry.perspective import inverse
from figureground.image.filters import guided, window_sums
from figureground.image.masks import pieces, without_crumbs

MARGIN = {True: 0.10, False: 0.02}  # of inverse depth, for estimated and for known depth: less is not "in front"
_NINTHS = np.rint(np.arange(10) * 255 / 9).astype(np.uint8)  # alpha of so many px of 3 x 3
_BESIDE, _BESIDE_PX = 0.06, 4  # of a piece of what hides a figure, beside the figure: less is none
_THIN = 2  # px: what is nowhere wider than 2 * _THIN is no object in estimated depth, but the rim of one
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
    limit = np.float32(inverse_depth * (1 + MARGIN[estimated]))
    nearer, count = _nearer(nearness[rows, columns], floor[rows, columns], limit)
    least = max(12, CRUMB * nearer.size)
    if count < least:
        return None
    # more than half of 5 x 5: the median of a mask, at a quarter of its cost
    front = without_crumbs(window_sums(nearer, 2) > 12, least)
    if estimated:
        front = _thick(front)
    if not front.any():
        return None
    soft = _NINTHS[window_sums(front, 1)]
    top, left = box[0].start - rows.start, box[1].start - columns.start
    return soft[top : top + box[0].stop - box[0].start, left : left + box[1].stop - box[1].start]


def _nearer(nearness: Singles, floor: Mask, limit: np.float32) -> tuple[Mask, int]:
    """Return what is greater than a limit and no floor, and how many px that is."""
    if native.kernel is not None:
        nearer = np.empty(nearness.shape, np.bool_)
        return nearer, native.kernel.nearer(nearness, floor, float(limit), nearer)
    nearer = nearness > limit
    nearer &= ~floor
    return nearer, int(np.count_nonzero(nearer))


def _thick(front: Mask) -> Mask:
    """Return the pieces of a mask that are wide somewhere: floors' depth is noisy along feet, in slivers."""
    labels, areas = pieces(front)
    keep = np.zeros(areas.size, np.bool_)
    keep[labels[window_sums(front, _THIN) == (2 * _THIN + 1) ** 2]] = True
    keep[0] = False
    return np.asarray(keep[labels], np.bool_)


def reaching(hiding: Alpha, alpha: Alpha) -> Alpha | None:
    """Return what hides a figure, less the pieces that lie wholly inside it; None for nothing.  Of one shape.

    What stands before a figure in estimated depth is believed where it can be seen to go on beside it, or to the edge
    of its box, beyond which the frame or the cut-out ends; a hole in the middle of a figure is noise of the depth.
    """
    outside = alpha < HALF
    outside[[0, -1]] = outside[:, [0, -1]] = True
    labels, areas = pieces(hiding > 0)
    beside = np.bincount(labels.ravel(), outside.ravel(), areas.size)
    keep = beside >= np.maximum(_BESIDE_PX, _BESIDE * areas)
    keep[0] = False
    return np.where(keep[labels], hiding, np.uint8(0)) if keep.any() else None
