"""Where the edge of a photo may have cut a figure off: what touches it, and straight edges with sharp corners."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from figureground.core.arrays import Bools, Floats
from figureground.core.nouns import SIDES, Alpha, Mask
from figureground.image.masks import FAINT, mask_of, tight_box

SLOPES = tuple(n / 200 for n in range(-12, 13))  # of an edge: a photo turned by up to 3.4 degrees
TOLERANCE = 0.006  # of the figure's longer side: how far a straight edge may be off its line
LEAST = 0.05  # of the longer side: a shorter edge says nothing
CORNER, DROP = 0.02, 0.014  # of the longer side: how far beyond its end an edge has been left, and by how much
DEEP = 0.07  # of the longer side: how far from an edge a figure that is cut goes on as wide;
THIN = 0.15  # of what there is behind the edge, where that is less


@dataclass(frozen=True)
class Edge:
    """One side of a figure's box.

    `touched`: the share of the box's side along which the figure touches the photo's frame, 0 where the frame is not
    known to be there.  `straight`: the share along which the figure ends in a straight edge with sharp corners, behind
    which it goes on as wide.
    """

    touched: float = 0.0
    straight: float = 0.0


def edges_of(alpha: Alpha, framed: bool) -> dict[str, Edge]:
    """Return the edges of a figure by side, in the order of SIDES.

    `alpha`: of the whole picture, before it is trimmed.  `framed`: its border is the photo's, as it is not for a file
    that holds a cut-out; there a border counts that the figure touches while it keeps away from another one.
    """
    mask = mask_of(alpha)
    box, faint = tight_box(mask), tight_box(alpha >= FAINT)
    if box is None or faint is None:
        return {side: Edge() for side in SIDES}
    trimmed = mask[box[1] : box[3], box[0] : box[2]]
    height, width = alpha.shape
    near = max(1, round(0.004 * max(height, width)))
    # margins of the figure in the picture, by side
    margins = dict(zip(SIDES, (faint[1], width - faint[2], height - faint[3], faint[0]), strict=True))
    known = framed or max(margins.values()) > max(4 * near, 0.02 * max(trimmed.shape))
    found = {}
    for turns, side in enumerate(SIDES):
        below = np.rot90(trimmed, (turns + 2) % 4)  # each side in turn comes to lie below
        ends = _ends(below)
        touched = float((ends <= near).mean()) if known and margins[side] <= near else 0.0
        found[side] = Edge(round(touched, 3), round(_straight(below, ends), 3))
    return found


def _ends(mask: Mask) -> Floats:
    """Return how far above the lower side each column ends, px; infinite for an empty one."""
    from_below = mask[::-1]
    ends: Floats = np.where(from_below.any(0), from_below.argmax(0), np.inf)
    return ends


def _straight(mask: Mask, ends: Floats) -> float:
    """Return the share of the lower side that is a straight edge, at the best slope."""
    size = max(mask.shape)
    off = max(1.0, TOLERANCE * size)
    low = ends <= 0.25 * mask.shape[0]
    if low.sum() < max(4.0, LEAST * size):
        return 0.0
    best, columns = 0.0, np.arange(ends.size)
    for slope in SLOPES:
        level = ends - slope * columns
        line = float(np.sort(level[low])[int(0.05 * low.sum())])  # crumbs below the edge do not count
        flush = _closed(np.abs(level - line) <= off, round(off))
        long = [
            (a, b)
            for a, b in _runs(flush)
            if b - a >= 0.5 * LEAST * size and _goes_on(mask, slope * columns + line, a, b)
        ]
        sharp = [b - a for a, b in long if _corner(level - line, a - 1, -1, size) and _corner(level - line, b, 1, size)]
        if sum(sharp) >= LEAST * size:
            best = max(best, sum(sharp) / ends.size)
    return best


def _runs(flush: Bools) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flush.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _goes_on(mask: Mask, edge: Floats, start: int, end: int) -> bool:
    """Tell whether the figure is as wide a little farther in as it is at its edge: shoes are not, where ankles are.

    `edge`: how far above the lower side the edge's line lies in each column.
    """
    deep = round(min(DEEP * max(mask.shape), THIN * mask.shape[0]))
    rows = np.clip(mask.shape[0] - 1 - deep - np.rint(edge[start:end]).astype(np.int64), 0, mask.shape[0] - 1)
    return bool(mask[rows, np.arange(start, end)].mean() > 0.85)


def _corner(above: Floats, first: int, step: int, size: int) -> bool:
    """Tell whether an outline leaves the line of an edge at once, in the columns from `first` on; what is round does
    so slowly.  After a notch the edge goes on."""
    reach = max(2, round(CORNER * size))
    beyond = above[max(0, first - reach + 1) : first + 1][::-1] if step < 0 else above[first : first + reach]
    if beyond.size < reach:
        return True
    return bool(beyond.max() >= max(2.0, DROP * size))


def _closed(flush: Bools, gap: int) -> Bools:
    """Return a row of marks without gaps of up to `gap`."""
    closed = flush.copy()
    for start, end in _runs(~flush):
        if start > 0 and end < flush.size and end - start <= gap:
            closed[start:end] = True
    return closed
