"""What stands in front: the z-test of a figure against its background, soft at the edges and free of crumbs."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from figureground.core.arrays import Singles
from figureground.core.canvas import Canvas
from figureground.core.nouns import HALF, Alpha, DepthMap, Mask, Picture
from figureground.geometry.perspective import inverse
from figureground.image.filters import guided
from figureground.image.masks import without_crumbs

MARGIN = {True: 0.10, False: 0.02}  # of inverse depth, for estimated and for known depth: less is not "in front"
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
    """Return how much of a figure at this inverse depth the background hides, uint8 (height, width); None for nothing.

    Only `box`, (rows, columns) of the canvas, is looked at; it is 0 elsewhere.  Floor hides nothing: what stands on it
    stands before it.
    """
    height, width = nearness.shape
    reach = 4  # so that the filters see what lies beside the box
    rows = slice(max(box[0].start - reach, 0), min(box[0].stop + reach, height))
    columns = slice(max(box[1].start - reach, 0), min(box[1].stop + reach, width))
    nearer = nearness[rows, columns] > np.float32(inverse_depth * (1 + MARGIN[estimated]))
    nearer &= ~floor[rows, columns]
    least = max(12, CRUMB * nearer.size)
    if nearer.sum() < least:
        return None
    # more than half of 5 x 5: the median of a mask, at a quarter of its cost
    smooth = Image.fromarray(nearer.astype(np.uint8) * np.uint8(255)).filter(ImageFilter.BoxBlur(2))
    front = without_crumbs(np.asarray(smooth) >= HALF, least)
    if not front.any():
        return None
    soft = Image.fromarray(front.astype(np.uint8) * np.uint8(255)).filter(ImageFilter.BoxBlur(1))
    out = np.zeros(nearness.shape, np.uint8)
    out[rows, columns] = np.asarray(soft)
    return out
