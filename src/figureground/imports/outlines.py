"""Outlines of instances as label files have them -> masks: polygons, and COCO's run lengths, compressed or not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from figureground.core.arrays import Floats, Ints
from figureground.core.nouns import Mask
from figureground.image import rle

_MOST_CROSSINGS = 50_000_000  # of a polygon's edges with rows of pixels: more than any outline on any picture has
_FARTHEST = 1e6  # px: no picture is that wide, and numbers beyond are no places in it


@dataclass(frozen=True)
class Polygons:
    """Rings x0, y0, x1, y1, ...: px from the picture's upper left corner, or `relative`: shares of its sides."""

    rings: tuple[tuple[float, ...], ...]
    relative: bool = False

    def mask(self, shape: tuple[int, int]) -> Mask:
        """Return the bool (height, width) mask of all rings together.  Raises ValueError for what is no outline."""
        found: Mask = np.zeros(shape, np.bool_)
        scale = (shape[1], shape[0]) if self.relative else (1, 1)
        for ring in self.rings:
            if len(ring) < 6 or len(ring) % 2:
                raise ValueError(f"a polygon of {len(ring)} numbers is none")
            points = np.array(ring, np.float64).reshape(-1, 2) * scale
            if not (np.abs(points) < _FARTHEST).all():
                raise ValueError("a polygon leaves every picture")
            _fill(found, points)
        return found


@dataclass(frozen=True)
class Runs:
    """COCO's run lengths: its compressed text, or the lengths themselves.  `size`: (height, width)."""

    counts: str | tuple[int, ...]
    size: tuple[int, int]

    def mask(self, shape: tuple[int, int]) -> Mask:
        """Return the bool (height, width) mask.  Raises ValueError where the runs do not fit in its size."""
        if self.size != shape:
            raise ValueError(f"its run lengths are of {self.size[1]} x {self.size[0]} px, not {shape[1]} x {shape[0]}")
        if isinstance(self.counts, str):
            return rle.decode(self.counts, shape)
        return rle.mask_of_runs(self.counts, shape)


Outline = Polygons | Runs


def _fill(mask: Mask, points: Floats) -> None:
    """Set the pixels of a mask whose centres lie inside a ring, by the even-odd rule.

    `points`: (n, 2) x, y.  Each edge is met by the rows of pixel centres between its ends; from the place where it is
    met on, to the right, inside and outside change.
    """
    left, top = np.maximum(np.floor(points.min(0)), 0).astype(np.int64).tolist()
    right, bottom = np.minimum(np.ceil(points.max(0)), mask.shape[::-1]).astype(np.int64).tolist()
    if left >= right or top >= bottom:
        return
    ends = np.roll(points, -1, 0)
    rises = (points[:, 1] <= ends[:, 1])[:, None]
    upper, lower = np.where(rises, points, ends), np.where(rises, ends, points)
    first = np.clip(np.ceil(upper[:, 1] - 0.5), top, bottom).astype(np.int64)
    last = np.clip(np.ceil(lower[:, 1] - 0.5), top, bottom).astype(np.int64)
    counts: Ints = last - first
    if counts.sum() > _MOST_CROSSINGS:
        raise ValueError("a polygon has more and longer edges than any outline")
    edge = np.repeat(np.arange(len(points)), counts)
    rows = np.arange(edge.size) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    rise = lower[edge, 1] - upper[edge, 1]
    x = upper[edge, 0] + (rows + 0.5 - upper[edge, 1]) * (lower[edge, 0] - upper[edge, 0]) / rise
    columns = np.clip(np.ceil(x - 0.5), left, right).astype(np.int64)
    changes = np.zeros((bottom - top, right - left + 1), np.uint8)
    np.add.at(changes, (rows - top, columns - left), 1)  # round 256 it is as odd or even as before
    mask[top:bottom, left:right] |= np.bitwise_xor.accumulate(changes & 1, axis=1)[:, :-1].astype(np.bool_)
