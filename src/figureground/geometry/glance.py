"""A first look at a place for a figure: how much of some points of it would be seen, and has its body room there?

It costs little beside resizing the figure and cutting it out of the background, and so finds the places that are worth
that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from figureground.core.arrays import Floats, Ints, Singles
from figureground.core.nouns import Mask

_POINTS = 256  # about so many; 1/256 of a figure is a hand


def points_of(mask: Mask) -> Singles:
    """Return points of a mask, spread evenly over it, as fractions (x, y) of its width and height.

    float32 (n, 2); n is 0 for an empty mask.
    """
    area = int(np.count_nonzero(mask))
    step = max(1, math.isqrt(area // _POINTS))
    y, x = np.nonzero(mask[step // 2 :: step, step // 2 :: step])
    if not y.size:  # thinner than the steps everywhere
        y, x = np.nonzero(mask)
        step = 1
    height, width = mask.shape
    return np.stack([(x * step + step // 2 + 0.5) / width, (y * step + step // 2 + 0.5) / height], -1, dtype=np.float32)


def barrier_of(nearness: Singles, floor: Mask) -> Singles:
    """Return what may hide figures: float32 (height + 2, width + 2), the inverse depth of what is no floor.

    0 is floor, which hides nothing; infinity all round, for what the frame cuts off.
    """
    framed = np.full((nearness.shape[0] + 2, nearness.shape[1] + 2), np.inf, np.float32)
    framed[1:-1, 1:-1] = np.where(floor, 0, nearness)
    return framed


def shares(
    points: Singles,
    barrier: Singles,
    corners: Sequence[Ints],
    sizes: Ints,
    limits: tuple[Floats, Floats, Floats],
    flips: Sequence[bool],
) -> tuple[Floats, Floats]:
    """Return the part of a figure's points that is seen at each of some places, and the part where its body has no
    room, float64 (n,) each; of the ways that it is turned the worst.

    `points`, `barrier`: from above.  `corners`: for each of `flips`, and `sizes`: (n, 2), x first, of the cut-out on
    the canvas.  `limits`: inverse depth beyond which the background is before the figure, and least and most of what
    lies where its body is, (n,) each.
    """
    x, y = ((points[:, axis] * sizes[:, axis, None]).astype(np.int64) for axis in (0, 1))
    least, most = np.full(len(sizes), len(points), np.int64), np.zeros(len(sizes), np.int64)
    before, far, near = (limit[:, None].astype(np.float32) for limit in limits)
    wide = barrier.shape[1]
    for flip, corner in zip(flips, corners, strict=True):
        columns = (sizes[:, :1] - 1 - x if flip else x) + (corner[:, :1] + 1)
        rows = y + (corner[:, 1:] + 1)
        np.minimum(np.maximum(columns, 0, out=columns), wide - 1, out=columns)
        np.minimum(np.maximum(rows, 0, out=rows), barrier.shape[0] - 1, out=rows)
        rows *= wide
        rows += columns
        there = barrier.ravel().take(rows)
        np.minimum(least, np.count_nonzero(there <= before, 1), out=least)
        np.maximum(most, np.count_nonzero((there > far) & (there <= near), 1), out=most)
    of = max(1, len(points))
    return np.asarray(least / of, np.float64), np.asarray(most / of, np.float64)
