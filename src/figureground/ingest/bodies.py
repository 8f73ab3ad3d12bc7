"""Several people in one cut-out: how many bodies are apart, whether all end in one row, and which is the tallest.

A cut-out is pasted as a card at one depth.  It is right of several people where all of them touch the floor in the
card's lowest row, or are cut off there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from figureground.core.arrays import Bools, Ints
from figureground.core.nouns import Mask
from figureground.image.masks import pieces, tight_box

_LARGE, _TALL = 0.25, 0.4  # of the largest body's area, and of the tallest's height: a smaller piece is no other body
# shares of the height: how much of a column is filled by a body, whose columns are so many side by side, more than a
# raised arm's; and how far from each of them its body ends at the latest, as feet below shoulders do
_UPRIGHT, _BROAD, _ASIDE = 0.3, 0.12, 0.15
_NEAR = 0.07  # of the longer side: what ends no higher above the lowest row may be cut there (`edges.DEEP`)
_BETWEEN = 0.03  # of the height: the least dip of an outline between two heads


@dataclass(frozen=True)
class LowerSide:
    """How the outline of several people ends below, in thousandths.

    `rise`: how far above the lowest row the body ends that ends highest, of the height.  `near`: the share of the
    columns that end near the lowest row.
    """

    rise: float
    near: float


def bodies(mask: Mask) -> int:
    """Return how many bodies a mask shows apart from each other: pieces about as tall as the largest, or as large."""
    labels, areas = pieces(mask)
    large = [n for n in range(1, areas.size) if areas[n] >= _LARGE * areas[1:].max()]
    tall = [int(np.ptp(np.flatnonzero((labels == n).any(1)))) + 1 for n in large]
    return sum(one >= _TALL * max(tall) for one in tall)


def lower_side(mask: Mask) -> LowerSide:
    """Return how a trimmed mask ends below.

    A foot belongs to the body above it, so of each upright column the lowest point counts that is about below it: a leg
    in the air beside one that stands is no second body.
    """
    height, width = mask.shape
    ends = _above_floor(mask)
    reach = round(_ASIDE * height)
    padded = np.pad(ends, reach, constant_values=height)
    nearest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).min(1)
    upright = _runs(np.count_nonzero(mask, axis=0) >= _UPRIGHT * height)
    rise = max((int(nearest[a:b].max()) for a, b in upright if b - a >= _BROAD * height), default=0)
    near = int(np.count_nonzero(ends <= _NEAR * max(mask.shape)))
    return LowerSide(round(rise / height, 3), round(near / width, 3))


def tallest(mask: Mask) -> Mask:
    """Return the columns, trimmed, of a trimmed mask's tallest body: from dip to dip of the outline beside its head."""
    height = mask.shape[0]
    tall = np.where(mask.any(0), height - mask.argmax(0), 0)
    head = int(tall.argmax())
    right = head + _to_dip(tall[head:], height)
    left = head + 1 - _to_dip(tall[: head + 1][::-1], height)
    part = mask[:, left:right]
    box = tight_box(part)
    return part if box is None else part[box[1] : box[3], box[0] : box[2]]


def _runs(row: Bools) -> list[tuple[int, int]]:
    """Return where true values lie side by side: the first of each run, and the one after its last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _to_dip(tall: Ints, height: int) -> int:
    """Return how many columns, from a head on, belong to it: as far as the lowest before another head rises."""
    again = np.flatnonzero(tall - np.minimum.accumulate(tall) >= max(1.0, _BETWEEN * height))
    return int(tall[: again[0]].argmin()) if again.size else tall.size


def _above_floor(mask: Mask) -> Ints:
    """Return how far above the lowest row each column ends, px; the height where it is empty."""
    from_below = mask[::-1]
    return np.asarray(np.where(from_below.any(0), from_below.argmax(0), len(mask)), np.int64)
