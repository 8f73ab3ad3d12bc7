"""Where figures may stand: the floor that is seen, and its plane as it goes on below the frame.

Photos are seldom taken so that all feet are in them.  Who stands nearer than the lowest row of the picture has feet
below it, at a place and a depth that the floor's plane gives.
"""

from __future__ import annotations

import numpy as np

from figureground.core.arrays import Bools, Floats, Ints, Singles
from figureground.core.canvas import Canvas
from figureground.core.nouns import Ground, Mask
from figureground.geometry.perspective import figure_heights, horizon_y

USUAL_M = 1.7  # metres; whose heights the table holds
_TALLEST = 3.0  # of the frame's height: who is taller stands within 0.6 m of a camera that shows a room
_STEP, _ROWS = 0.02, 256  # of the height, from row to row below the frame, and how many rows at most
_COLUMNS = 112  # that are looked at below the frame
_MOST = 8192  # floor pixels that are kept, evenly over the floor
# Metres before and behind a foot, and part of a height to each side: what somebody needs to stand on.  Of 146
# composites of photos with the feet in the picture 8 of the 29 that stood in furniture or floated did not have it, and
# 8 of 103 believable ones
_AROUND, _BESIDE = (-0.15, 0.0, 0.15, 0.3), 0.15
_ACROSS = 7  # points that are looked at from one side to the other, at each of these distances
_UNDER = 0.7  # of the points there: how many must be floor, as floors of pictures have frayed edges
_USUAL_FOCAL = 1.1  # of the canvas's height, where a floor knows none
_BEFORE = 1.3  # times the inverse depth of what the lower edge shows, where that is no floor


def footing_of(ground: Ground, floor: Mask, edge: Singles, canvas: Canvas) -> Singles:
    """Return the places for a foot: float32 (n, 3), x, y and how many px tall somebody of 1.7 m is there, by height.

    `floor`: where floor of known depth is seen; there a foot is on it, if the floor goes on around the foot as far as
    somebody needs.  `edge`: inverse depth of the lowest row, 0 where unknown.  Below the frame, y >= height, a foot is
    where floor reaches the lower edge of its column, or where what is seen there is well behind it, so that the floor
    goes on before that.
    """
    at = np.flatnonzero(floor)
    y, x = np.divmod(at[np.linspace(0, at.size - 1, min(_MOST, at.size)).round().astype(np.int64)], canvas.width)
    below = _below(ground, floor, edge, canvas)
    x, y = np.concatenate([x, below[:, 0]]), np.concatenate([y, below[:, 1]])
    tall = figure_heights(ground, USUAL_M, x + 0.5, y + 1.0, canvas)
    # of some the head, too, would be below the frame
    good = (tall > 0) & (y + 1 - tall < canvas.height)
    seen = np.flatnonzero(good[: x.size - len(below)])
    good[seen] = _roomy(ground, floor, (x[seen], y[seen]), np.nan_to_num(tall[seen]), canvas)
    rising = tall[good].astype(np.float32)
    order = np.flatnonzero(good)[np.argsort(rising, kind="stable")]
    # each column in one piece, as they are looked through one by one
    return np.stack([x[order], y[order], tall[order]], dtype=np.float32, casting="same_kind").T


def _roomy(ground: Ground, floor: Mask, places: tuple[Ints, Ints], tall: Floats, canvas: Canvas) -> Bools:
    """Tell of floor pixels x, y, (n,) each, whether somebody has room there.

    `tall`: px of somebody of usual height there, more than 0.  What the frame hides counts as floor beside the picture,
    and below it as what is seen at the lower edge.
    """
    x, y = places
    horizon, beside = horizon_y(ground, x, canvas), tall * _BESIDE
    metre = tall / (USUAL_M * focal_rows(ground, canvas))  # of what is as far away: part of that distance
    framed = np.ones((canvas.height, canvas.width + 2), np.bool_)
    framed[:, 1:-1] = floor
    under = np.zeros(x.size, np.uint8)
    for metres in _AROUND:
        # times as far away; heights below the horizon, and widths, shrink alike.  Nearer than the camera nothing is
        deeper = np.maximum(1 + metres * metre, 0.1)
        row = np.where(horizon < y, horizon + (y - horizon) / deeper, y)
        start = np.minimum(np.maximum(np.rint(row), 0), canvas.height - 1).astype(np.int64) * (canvas.width + 2) + 1
        for part in np.linspace(-1, 1, _ACROSS):
            column = _pixels(x + beside * part / deeper, canvas.width)
            under += framed.ravel().take(start + column)
    return np.asarray(under / (len(_AROUND) * _ACROSS) >= _UNDER, np.bool_)


def focal_rows(ground: Ground, canvas: Canvas) -> float:
    """Return the focal length in px of rows, a usual one where a floor knows none."""
    return ground.focal * canvas.width * ground.stretch or _USUAL_FOCAL * canvas.height


def _pixels(values: Floats | Ints, side: int) -> Ints:
    """Return coordinates as whole ones, -1 or `side` for all that lie beyond."""
    return np.minimum(np.maximum(np.rint(values), -1), side).astype(np.int64)


def plane_at(ground: Ground, places: Ints) -> Floats:
    """Return the plane's inverse depth at pixels (x, y), (n, 2), in the unit of the background's; NaN beyond the
    horizon."""
    q = ground.a * (places[:, 0] + 0.5) + ground.b * (places[:, 1] + 0.5) + ground.c
    return np.asarray(np.where(q > 0, q, np.nan), np.float64)


def _below(ground: Ground, floor: Mask, edge: Singles, canvas: Canvas) -> Ints:
    """Return the places below the frame, int64 (n, 2), x first."""
    near = max(1.0, canvas.height - ground.horizon_y)
    rows = np.unique((ground.horizon_y + near * (1 + _STEP) ** np.arange(_ROWS)).astype(np.int64))
    rows = rows[rows >= canvas.height]
    tall = figure_heights(ground, USUAL_M, canvas.width / 2, rows + 1.0, canvas)
    rows = rows[np.logical_and.accumulate((tall > 0) & (tall <= _TALLEST * canvas.height))]
    columns = np.unique(np.linspace(0, canvas.width - 1, min(_COLUMNS, canvas.width)).round().astype(np.int64))
    lowest: Bools = np.asarray(floor[-max(1, canvas.height // 64) :].any(0))
    xs, ys = np.meshgrid(columns, rows)
    places = np.stack([xs.ravel(), ys.ravel()], -1)
    q, seen = plane_at(ground, places), np.tile(edge[columns], len(rows))
    goes_on = np.tile(lowest[columns], len(rows)) | ((seen > 0) & (q >= _BEFORE * seen))
    return places[goes_on & (q > 0)]
