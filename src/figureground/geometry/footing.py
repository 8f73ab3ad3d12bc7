"""Where figures may stand: the floor that is seen, and its plane as it goes on below the frame.

Photos are seldom taken so that all feet are in them.  Who stands nearer than the lowest row of the picture has feet
below it, at a place and a depth that the floor's plane gives.
"""

from __future__ import annotations

import numpy as np

from figureground.core.arrays import Bools, Floats, Ints, Singles
from figureground.core.canvas import Canvas
from figureground.core.nouns import Ground, Mask
from figureground.geometry.perspective import figure_heights

USUAL_M = 1.7  # metres; whose heights the table holds
_TALLEST = 6.0  # of the frame's height: who is taller shows less than a face
_STEP = 0.02  # of the height, from row to row below the frame
_COLUMNS = 112  # that are looked at below the frame
_MOST = 8192  # floor pixels that are kept, evenly by height
_BEFORE = 1.3  # times the inverse depth of what the lower edge shows, where that is no floor


def footing_of(ground: Ground, floor: Mask, edge: Singles, canvas: Canvas) -> Singles:
    """Return the places for a foot: float32 (n, 3), x, y and how many px tall somebody of 1.7 m is there, by height.

    `floor`: where floor of known depth is seen; there a foot is on it.  `edge`: inverse depth of the lowest row, 0
    where unknown.  Below the frame, y >= height, a foot is where floor reaches the lower edge of its column, or where
    what is seen there is well behind it, so that the floor goes on before that.
    """
    y, x = np.nonzero(floor)
    seen = _with_heights(ground, np.stack([x, y], -1), canvas)
    seen = seen[np.linspace(0, len(seen) - 1, min(_MOST, len(seen))).round().astype(np.int64)]
    found = np.concatenate([seen, _with_heights(ground, _below(ground, floor, edge, canvas), canvas)])
    return found[np.argsort(found[:, 2], kind="stable")]


def plane_at(ground: Ground, places: Ints) -> Floats:
    """Return the plane's inverse depth at pixels (x, y), (n, 2), in the unit of the background's; NaN beyond the
    horizon."""
    q = ground.a * (places[:, 0] + 0.5) + ground.b * (places[:, 1] + 0.5) + ground.c
    return np.asarray(np.where(q > 0, q, np.nan), np.float64)


def _below(ground: Ground, floor: Mask, edge: Singles, canvas: Canvas) -> Ints:
    """Return the places below the frame, int64 (n, 2), x first."""
    middle = canvas.width / 2
    rows: list[int] = []
    y = float(canvas.height)
    while y - ground.horizon_y > 0 and len(rows) < 256:
        tall = float(figure_heights(ground, USUAL_M, middle, y + 1, canvas))
        if not 0 < tall <= _TALLEST * canvas.height:
            break
        rows.append(int(y))
        y += max(1.0, round(_STEP * (y - ground.horizon_y)))
    columns = np.unique(np.linspace(0, canvas.width - 1, min(_COLUMNS, canvas.width)).round().astype(np.int64))
    lowest: Bools = np.asarray(floor[-max(1, canvas.height // 64) :].any(0))
    xs, ys = np.meshgrid(columns, np.array(rows, np.int64))
    places = np.stack([xs.ravel(), ys.ravel()], -1)
    q, seen = plane_at(ground, places), np.tile(edge[columns], len(rows))
    goes_on = np.tile(lowest[columns], len(rows)) | ((seen > 0) & (q >= _BEFORE * seen))
    return places[goes_on & (q > 0)]


def _with_heights(ground: Ground, places: Ints, canvas: Canvas) -> Singles:
    """Return places with the height of somebody of 1.7 m, lowest first."""
    tall = figure_heights(ground, USUAL_M, places[:, 0] + 0.5, places[:, 1] + 1.0, canvas)
    good = np.isfinite(tall) & (tall > 0)
    found = np.column_stack([places[good], tall[good]]).astype(np.float32)
    return found[np.argsort(found[:, 2], kind="stable")]
