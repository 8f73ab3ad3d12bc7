"""Masks and mattes: threshold, tight box, connected pieces, summed areas."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.core.arrays import Bools, Ints
from figureground.core.nouns import HALF, Alpha, Box, Cutout, Mask

FAINT = 16  # alpha below this is not part of the figure when a cut-out is trimmed: veils that no eye sees


def mask_of(alpha: Alpha) -> Mask:
    """Return alpha >= 1/2."""
    return alpha >= HALF


def tight_box(mask: Mask) -> Box | None:
    """Return (x0, y0, x1, y1), x1 and y1 exclusive, around the true pixels; None when there is none."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def pieces(mask: Mask) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Label the 8-connected pieces of a mask.

    Returns int32 labels (0 = outside, 1..n in the order of first pixels) and the area of each label, int64 (n + 1,).
    Runs of pixels are joined row by row with union-find (He, Chao, Suzuki 2008).
    """
    height, width = mask.shape
    padded = np.zeros((height, width + 2), np.int8)
    padded[:, 1:-1] = mask
    edges = np.diff(padded, axis=1)
    row, start = np.nonzero(edges == 1)
    end = np.nonzero(edges == -1)[1]
    parent = list(range(row.size))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]  # path halving
            i = parent[i]
        return i

    first = np.searchsorted(row, np.arange(height + 1))
    for y in range(1, height):
        above, here = int(first[y - 1]), int(first[y])
        last_above, last_here = int(first[y]), int(first[y + 1])
        while above < last_above and here < last_here:
            if start[above] <= end[here] and start[here] <= end[above]:  # overlap, or touch at a corner
                a, b = root(above), root(here)
                parent[max(a, b)] = min(a, b)
            if end[above] < end[here]:
                above += 1
            else:
                here += 1
    roots = np.array([root(i) for i in range(row.size)], np.int64)
    _, names = np.unique(roots, return_inverse=True)
    labels = np.zeros((height, width), np.int32)
    for y, x0, x1, name in zip(row.tolist(), start.tolist(), end.tolist(), names.tolist(), strict=True):
        labels[y, x0:x1] = name + 1
    return labels, np.bincount(labels.ravel(), minlength=1)


def without_crumbs(mask: Mask, least: float) -> Mask:
    """Return the mask without pieces, and without holes, of fewer than `least` px."""
    for value in (True, False):
        labels, areas = pieces(mask == value)
        small = areas < least
        small[0] = False
        if small.any():
            mask = np.where(small[labels], not value, mask)
    return np.asarray(mask, np.bool_)


AreaTable = NDArray[np.int64]


def area_table(mask: Mask) -> AreaTable:
    """Return the summed-area table of a mask: int64 (height + 1, width + 1), entry [i, j] = mask[:i, :j].sum()."""
    table = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1), np.int64)
    table[1:, 1:] = mask.cumsum(0).cumsum(1)
    return table


def visible_area(table: AreaTable, x: Ints, y: Ints, flip: Bools, shape: tuple[int, int]) -> Ints:
    """Return how many mask pixels lie on a canvas of `shape` when the cut-out's corner is at (x, y).

    `flip`: where it is mirrored.
    """
    height, width = table.shape[0] - 1, table.shape[1] - 1
    left, right = np.clip(-x, 0, width), np.clip(shape[1] - x, 0, width)
    left, right = np.where(flip, width - right, left), np.where(flip, width - left, right)
    top, bottom = np.clip(-y, 0, height), np.clip(shape[0] - y, 0, height)
    return table[bottom, right] - table[top, right] - table[bottom, left] + table[top, left]


def premultiplied(cutout: Cutout) -> Image.Image:
    """Return the cut-out as Pillow resamples it: colours times alpha, so that hidden colours do not bleed in."""
    return Image.fromarray(np.ascontiguousarray(cutout)).convert("RGBa")
