"""Cut-outs that the frame of their photo cut off: what is missing of them, and where such a side may lie.

A cut is a straight edge that no figure has.  So it lies on the frame of the picture or beyond it: a half-length
portrait rises from the lower edge, as in the photo that it is from.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from figureground.core.arrays import Bools, Ints
from figureground.core.canvas import Canvas
from figureground.core.nouns import SIDES, Foreground

# part of a person's height below the cut, by pose: what is cropped ends at the thigh or knee, who stands is at most
# without feet.  The shares of a figure of 7 1/2 heads (Loomis 1943): hip 0.5, knee 0.27
_BELOW = {"cropped": 0.3}
_FEET, _HEAD = 0.06, 0.13
_TURNED = {"left": "right", "right": "left"}


def sides(cutout: Foreground, flip: bool) -> tuple[str, ...]:
    """Return the sides of the pasted cut-out that are cuts, in the order of SIDES."""
    if not cutout.cut and cutout.pose != "half-length":
        return ()  # most, and they are asked for again and again
    cut = set(cutout.cut) | ({"bottom"} if cutout.pose == "half-length" else set())
    return tuple(side for side in SIDES if (_TURNED.get(side, side) if flip else side) in cut)


def sideways(cutout: Foreground) -> bool:
    """Tell whether a cut goes to another side when the cut-out is mirrored, so that twins can share no place."""
    return not {"left", "right"}.isdisjoint(cutout.cut)


def across(cutout: Foreground) -> bool:
    """Tell whether two cuts lie opposite each other, so that the figure must reach from one side to the other."""
    return {"left", "right"} <= set(cutout.cut) or {"top", "bottom"} <= set(cutout.cut)


def missing(cutout: Foreground) -> tuple[float, float]:
    """Return the parts of the real height that are (above, below) what the cut-out shows."""
    cut = sides(cutout, False)
    above = _HEAD * ("top" in cut)
    if cutout.pose == "half-length" or cutout.shown < 1:  # or a group that is cut off below
        return above, 1 - cutout.shown - above
    return above, _BELOW.get(cutout.pose, _FEET) * ("bottom" in cut)


def share(cutout: Foreground) -> float:
    """Return the part of the real height that a cut-out shows, 1 where it is whole."""
    return 1 - sum(missing(cutout))


def foot(cutout: Foreground) -> tuple[float, float]:
    """Return where a cut-out stands, as `Foreground.foot`; below its lower edge, y > 1, where that is a cut."""
    above, below = missing(cutout)
    return (cutout.foot[0], (1 - above) / (1 - above - below)) if below else cutout.foot


def beyond(cutout: Foreground, canvas: Canvas, corners: Ints, sizes: Ints, flip: bool) -> Bools:
    """Tell of places whether all cuts lie on the frame or beyond it; `corners`, `sizes`: (n, 2), x first."""
    good = np.ones(len(corners), np.bool_)
    for one in _each_beyond(cutout, canvas, corners.T, sizes.T, flip):
        good &= one
    return good


def is_beyond(cutout: Foreground, canvas: Canvas, corner: tuple[int, int], size: tuple[int, int], flip: bool) -> bool:
    """Tell it of one place, in a tenth of the time."""
    return all(_each_beyond(cutout, canvas, corner, size, flip))


def _each_beyond(cutout: Foreground, canvas: Canvas, corner: Any, size: Any, flip: bool) -> Iterator[Any]:
    """Yield of each cut whether it lies on the frame or beyond it; `corner`, `size`: x and y, of a place or of many."""
    for side in sides(cutout, flip):
        axis = int(side in ("top", "bottom"))
        if side in ("top", "left"):
            yield corner[axis] <= 0
        else:
            yield corner[axis] + size[axis] >= (canvas.width, canvas.height)[axis]
