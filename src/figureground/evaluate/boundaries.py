"""How sharp the edges of a depth map are: boundary F1 against true depth, boundary recall against a mask.

Both are those of Depth Pro (Bochkovskii et al. 2025).  A pixel *stands out* from one of its four neighbours at a
threshold t where the neighbour is more than t times as far.  That is a ratio, so the map's scale does not matter.  Ten
thresholds from 1.05 to 1.25 count, each by its own value; at each the four directions count alike.

Pixels on an edge: a map gives every pixel one depth, so an edge lies between two pixels and there is no tolerance: one
that is a pixel off is missed, and false besides.  In true depth a pixel is what its reading says; in a mask it is the
figure's where alpha is above FIGURE, as Depth Pro has it.  An edge that a map spreads over n pixels is n small steps,
each of which may stay below a threshold: that is how blur is punished.

Depth Pro gives 0 to a direction, or a threshold, at which neither map has any edge.  Here those take no part, so that
a map equals itself; photos have edges in all directions, where it makes no difference.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Floats, Ints
from figureground.core.nouns import Mask

THRESHOLDS = np.linspace(1.05, 1.25, 10)
FIGURE = 0.1  # a pixel of a mask whose alpha is above this is figure
_LEVELS = THRESHOLDS.size + 1

Values = NDArray[np.floating]


def boundary_f1(estimate_m: Values, truth_m: Values, valid: Mask) -> float:
    """Return the F-measure of an estimate's edges, 0..1; NaN where the truth has no edge at any threshold.

    All (height, width).  Neighbours count where both are valid; there the truth must be above 0, and the estimate too.
    Raises ValueError for other shapes.
    """
    if estimate_m.ndim != 2 or not estimate_m.shape == truth_m.shape == valid.shape:
        raise ValueError(f"estimate {estimate_m.shape}, truth {truth_m.shape} and mask {valid.shape} are no three maps")
    found, true = (_ratios(np.where(valid, values, 1)) for values in (estimate_m, truth_m))
    counts = [
        _counts(_levels(ours[both]), _levels(theirs[both]))
        for ours, theirs, both in zip(found, true, _both(valid), strict=True)
    ]
    hits, ours, theirs = (np.stack(column) for column in zip(*counts, strict=True))
    if not theirs.any():
        return float("nan")
    present = (ours + theirs) > 0
    number = present.sum(0)
    counted = number > 0
    precision, recall = ((hits / np.maximum(all_, 1)).sum(0)[counted] / number[counted] for all_ in (ours, theirs))
    f1 = 2 * precision * recall / np.where(precision + recall > 0, precision + recall, 1)
    return float(np.average(f1, weights=THRESHOLDS[counted]))


def boundary_recall(estimate_m: Values, figure: Mask) -> float:
    """Return the share of a figure's outline at which an estimate stands out, 0..1; NaN for a mask without outline.

    Both (height, width); the estimate is above 0 everywhere.  Along a row, and along a column, only the largest of
    neighbouring steps above a threshold counts, so a broad slope finds an outline in one place at most.  There is no
    precision: a mask does not know of the other edges.  Raises ValueError for other shapes.
    """
    if estimate_m.ndim != 2 or estimate_m.shape != figure.shape:
        raise ValueError(f"estimate {estimate_m.shape} and mask {figure.shape} are no two maps")
    down, right = figure[1:] & ~figure[:-1], figure[:, 1:] & ~figure[:, :-1]
    up, left = figure[:-1] & ~figure[1:], figure[:, :-1] & ~figure[:, 1:]
    shares = []
    for k, (ratio, outline) in enumerate(zip(_ratios(estimate_m), (right, left, down, up), strict=True)):
        if outline.any():
            lines, wanted = (ratio, outline) if k < 2 else (ratio.T, outline.T)
            hits = [np.count_nonzero(thinned(lines, t) & wanted) for t in THRESHOLDS]
            shares.append(np.array(hits) / np.count_nonzero(outline))
    return float(np.average(np.mean(shares, 0), weights=THRESHOLDS)) if shares else float("nan")


def thinned(ratio: Values, threshold: float) -> Mask:
    """Return where a ratio is the largest of its run above the threshold along a row, the first of equals."""
    rows, columns = ratio.shape
    gap = np.zeros((rows, columns + 1), np.float64)  # a column that is never above ends a row's last run
    gap[:, :columns] = ratio
    flat = gap.ravel()
    at = np.flatnonzero(flat > threshold)
    kept = np.zeros(flat.size, np.bool_)
    if at.size:
        starts = np.flatnonzero(np.diff(at, prepend=-2) > 1)
        run = np.repeat(np.arange(starts.size), np.diff(starts, append=at.size))
        largest = np.flatnonzero(flat[at] == np.maximum.reduceat(flat[at], starts)[run])
        kept[at[largest[np.unique(run[largest], return_index=True)[1]]]] = True
    return kept.reshape(rows, columns + 1)[:, :columns]


def _ratios(depth: Values) -> tuple[Floats, Floats, Floats, Floats]:
    """Return how many times as far the neighbour is: where the right, left, lower and upper of two stands out."""
    far = np.asarray(depth, np.float64)
    left, right, upper, lower = far[:, :-1], far[:, 1:], far[:-1], far[1:]
    return left / right, right / left, upper / lower, lower / upper


def _both(valid: Mask) -> tuple[Mask, Mask, Mask, Mask]:
    across, down = valid[:, :-1] & valid[:, 1:], valid[:-1] & valid[1:]
    return across, across, down, down


def _levels(ratios: Floats) -> Ints:
    """Return how many of the thresholds each ratio is above."""
    levels = np.zeros(ratios.shape, np.int64)
    above = ratios > THRESHOLDS[0]  # few are
    levels[above] = np.searchsorted(THRESHOLDS, ratios[above], side="left")
    return levels


def _counts(ours: Ints, theirs: Ints) -> tuple[Ints, Ints, Ints]:
    """Return at each threshold how many neighbours stand out in both maps, in ours, and in theirs."""
    together = np.bincount(_LEVELS * ours + theirs, minlength=_LEVELS**2).reshape(_LEVELS, _LEVELS)
    at_least = together[::-1, ::-1].cumsum(0).cumsum(1)[::-1, ::-1]
    return at_least.diagonal()[1:], at_least[1:, 0], at_least[0, 1:]
