"""Masks and mattes: threshold, tight box, connected pieces, summed areas."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from figureground import native
from figureground.core.arrays import Bools, Bytes, Floats, Ints
from figureground.core.nouns import HALF, SIDES, Alpha, Box, Cutout, Mask

FAINT = 16  # alpha below this is not part of the figure when a cut-out is trimmed: veils that no eye sees
CUT = 0.02  # of a side of the frame: where a mask covers that much of its outermost row, the frame cuts it off


def mask_of(alpha: Alpha) -> Mask:
    """Return alpha >= 1/2."""
    return alpha >= HALF


def tight_box(mask: Mask, place: tuple[slice, slice] = (slice(0, None), slice(0, None))) -> Box | None:
    """Return (x0, y0, x1, y1), x1 and y1 exclusive, around the true pixels; None when there is none.

    `place`: (rows, columns) that hold them all.
    """
    return box_and_area(mask, place)[0]


def box_and_area(mask: Mask, place: tuple[slice, slice] = (slice(0, None), slice(0, None))) -> tuple[Box | None, int]:
    """Return the tight box of a mask, as `tight_box` does, and how many pixels are true."""
    part = mask[place]
    x, y = place[1].start, place[0].start
    if native.kernel is not None:
        x0, y0, x1, y1, count = native.kernel.tight_box(part)
        return (x + x0, y + y0, x + x1, y + y1) if count else None, count
    columns = np.flatnonzero(part.any(0))
    if not columns.size:
        return None, 0
    left, right = int(columns[0]), int(columns[-1]) + 1
    rows = np.flatnonzero(part[:, left:right].any(1))
    box = x + left, y + int(rows[0]), x + right, y + int(rows[-1]) + 1
    return box, int(np.count_nonzero(part))


def cut_sides(mask: Mask) -> tuple[str, ...]:
    """Return the sides, of SIDES and in their order, on which the frame cuts off what a mask shows.

    A figure that only touches the frame, along less than CUT of a side, is not cut.
    """
    edges = (mask[0], mask[:, -1], mask[-1], mask[:, 0])
    return tuple(side for side, edge in zip(SIDES, edges, strict=True) if np.count_nonzero(edge) / edge.size >= CUT)


def pieces(mask: Mask) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Label the 8-connected pieces of a mask.

    Returns int32 labels (0 = outside, 1..n in the order of first pixels) and the area of each label, int64 (n + 1,).
    """
    if native.kernel is not None:
        found = np.zeros(mask.shape, np.int32)
        areas = native.kernel.pieces(np.ascontiguousarray(mask), found)
        return found, np.frombuffer(bytearray(areas), np.int64)
    row, start, end = _runs(mask)
    _, names = np.unique(_joined(row, start, end, mask.shape[1]), return_inverse=True)
    labels = np.zeros(mask.size, np.int32)
    labels[mask.ravel()] = np.repeat(names.astype(np.int32) + 1, end - start)  # runs come as their pixels do
    return labels.reshape(mask.shape), np.bincount(labels, minlength=1)


def _runs(mask: Mask) -> tuple[Ints, Ints, Ints]:
    """Return (row, start, end) of the runs of true pixels, end exclusive, row by row."""
    height, width = mask.shape
    line = width + 2
    framed = np.zeros((height, line), np.bool_)
    framed[:, 1:-1] = mask
    flat = framed.ravel()
    edges = np.flatnonzero(flat[1:] != flat[:-1])  # by turns of a start and an end
    row = edges[::2] // line
    return row, edges[::2] - row * line, edges[1::2] - row * line


def _joined(row: Ints, start: Ints, end: Ints, width: int) -> Ints:
    """Return for each run of pixels, [start, end) of a row, the number of the first run that it hangs together with.

    Runs that touch are joined, all at once: each takes the smallest number among its neighbours, and then that number's
    own, until nothing changes (the hooking and shortcutting of Shiloach and Vishkin 1982).
    """
    line = width + 2  # a run of one row and a run of the next do not touch round the edge
    # the runs of the row above that end at its start or later, and start at its end or earlier: corners touch
    lowest = np.searchsorted(row * line + end, (row - 1) * line + start, "left")
    beyond = np.searchsorted(row * line + start, (row - 1) * line + end, "right")
    touching = np.maximum(beyond - lowest, 0)
    below = np.repeat(np.arange(row.size), touching)
    above = np.arange(below.size) - np.repeat(np.cumsum(touching) - touching, touching) + np.repeat(lowest, touching)
    names = np.arange(row.size)
    while (names[above] != names[below]).any():
        smaller = np.minimum(names[above], names[below])
        for side in (above, below):
            np.minimum.at(names, names[side], smaller)
        while (names[names] != names).any():
            names = names[names]
    return names


def without_crumbs(mask: Mask, least: float) -> Mask:
    """Return the mask without pieces, and without holes, of fewer than `least` px."""
    if native.kernel is not None:
        mask = np.array(mask, order="C")
        native.kernel.without_crumbs(mask, least)
        return mask
    for value in (True, False):
        row, start, end = _runs(mask == value)
        names, length = _joined(row, start, end, mask.shape[1]), end - start
        small = np.flatnonzero((np.bincount(names, length) < least)[names])
        if small.size:
            mask = mask.copy()
            places = np.repeat(row[small] * mask.shape[1] + start[small], length[small])
            within = np.arange(places.size) - np.repeat(np.cumsum(length[small]) - length[small], length[small])
            mask.ravel()[places + within] = not value
    return mask


AreaTable = NDArray[np.int64]


def area_table(mask: Mask) -> AreaTable:
    """Return the summed-area table of a mask: int64 (height + 1, width + 1), entry [i, j] = mask[:i, :j].sum()."""
    table = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1), np.int64)
    table[1:, 1:] = mask.cumsum(0).cumsum(1)
    return table


def visible_share(table: AreaTable, at: Ints, sizes: Ints, flip: Bools, shape: tuple[int, int]) -> Floats:
    """Return the part of a mask that lies on a canvas of `shape`, at least, at corners `at` in `sizes`, (n, 2).

    `at` and `sizes` are x first.  `table`: of the mask in a size of its own; its pixels that lie on the canvas in part
    do not count.  `flip`: where it is mirrored.
    """
    own = np.array([table.shape[1] - 1, table.shape[0] - 1])
    begin, end = np.clip(-at, 0, sizes), np.clip(np.array(shape[::-1]) - at, 0, sizes)
    begin, end = -(-begin * own // sizes), end * own // sizes
    left, right = begin[:, 0], np.maximum(end[:, 0], begin[:, 0])
    left, right = np.where(flip, own[0] - right, left), np.where(flip, own[0] - left, right)
    top, bottom = begin[:, 1], np.maximum(end[:, 1], begin[:, 1])
    area = table[bottom, right] - table[top, right] - table[bottom, left] + table[top, left]
    return np.asarray(area / table[-1, -1], np.float64)


def premultiplied(cutout: Cutout) -> Bytes:
    """Return a cut-out as it is resampled: colours times alpha, so that hidden colours do not bleed in, and alpha.

    uint8 (height, 4, width), as `resample.resized` takes them.
    """
    planes = np.ascontiguousarray(cutout.transpose(0, 2, 1))
    products = planes[:, :3].astype(np.uint16) * planes[:, 3:]
    products += 128
    products += products >> 8  # what is left is the quotient by 255, rounded (`render.composite.blend`)
    planes[:, :3] = products >> 8
    return planes
