"""Planes in inverse depth: how far a depth map is believed, and the plane that its floor seems to have.

A plane seen in perspective is linear in inverse depth, 1/Z = a*x + b*y + c, for metric depth and for inverse depth of
unknown scale alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from figureground.core import random
from figureground.core.arrays import Floats, Singles
from figureground.core.canvas import Canvas
from figureground.geometry.viewpoint import Doubts
from figureground.image.filters import box_blur

_GRID = 64  # points a side that the fit looks at, whatever the picture's shape
_DRAWS = 1500
_AT_ONCE = 32  # planes that are held against the points: so many points of each lie in the processor's caches
TOP = 0.42  # of the picture's height: floor is looked for below


@dataclass(frozen=True)
class Trust:
    """What is believed of a depth map.

    `tolerance`: relative difference in inverse depth up to which a pixel lies on a plane; `last`: its share in the last
    rounds of the fit.  `window`: half-width, in px
    at 224, of the window in which its slope is measured.  `horizon`: lowest and highest believable horizon, in picture
    heights.  `doubts`: how far the plane is believed; None takes it at its word.  `canonical`: as in `viewpoint.Slope`.
    """

    tolerance: float
    last: float
    window: int
    horizon: tuple[float, float]
    doubts: Doubts | None
    canonical: bool = True


KNOWN = Trust(0.03, 0.4, 2, (-1.0, 0.75), None, False)
USUAL_HORIZON = 0.44  # mean over photos of rooms, in picture heights
# Networks flatten depth, and draw floors towards where they usually lie: measured on drawn rooms (docs/placement.md).
_NETWORKS = Doubts(rate=0.25, roll=math.radians(4), level=0.12, gain=0.7, bias=0.03)
ESTIMATED = Trust(0.07, 1.0, 4, (-1.2, 0.65), _NETWORKS)
# Files whose shift was worked out: networks' depth, mostly, but with the horizon already where it is believed to be.
FITTED = Trust(0.07, 1.0, 4, (-1.2, 0.65), None)
_ROLL_DEG = 8.0  # standard deviation of a photo's tilt
_LEAST_LIKELY, _FEW = 0.3, 60  # probability from which on, and number of pixels with which, a plane is fitted
_ENOUGH = 112  # px of the shorter side that such a fit looks at
_USUAL, _SPREAD = 0.3, 0.45  # horizons of planes through three points: mean and standard deviation, in picture heights


def plane_of(q: Floats, trust: Trust) -> Floats | None:
    """Return (a, b, c) of the plane a*x + b*y + c that a floor seems to have in inverse depth; None for no floor."""
    plane = plane_in(q, slope_of(q, max(1, round(Canvas(*q.shape).px(trust.window)))), trust)
    return None if isinstance(plane, str) else plane


def plane_in(q: Floats, slope: Floats, trust: Trust) -> Floats | str:
    """Return the plane of the floor, or why there is none."""
    points = _points(q, slope, trust)
    if points.shape[0] < 60:
        return "nothing in its lower half rises towards the camera as a floor does"
    plane = _refit(points, _best(points, Canvas(*q.shape), trust), trust)
    return "no level plane below a horizon" if plane is None else plane


def slope_of(q: Floats, r: int) -> Floats:
    """Return dq/dy of smoothed inverse depth, over 2r rows; unknown values count as their window's mean."""
    known = np.isfinite(q)
    both = np.stack([np.where(known, q, 0), known], -1).astype(np.float32)
    sums = box_blur(both, r)
    smooth = np.where(sums[..., 1] > 0, sums[..., 0] / np.maximum(sums[..., 1], 1e-6), 0).astype(np.float64)
    slope = np.empty_like(smooth)
    slope[r:-r] = (smooth[2 * r :] - smooth[: -2 * r]) / (2 * r)
    slope[:r], slope[-r:] = slope[r], slope[-r - 1]
    return slope


def _points(q: Floats, slope: Floats, trust: Trust) -> Floats:
    """Return (n, 3): x, y, inverse depth of an even grid below `TOP`, where depth rises as on some level plane."""
    height = q.shape[0]
    down, across = (((np.arange(_GRID) + 0.5) * side / _GRID).astype(int) for side in q.shape)
    y, x = np.meshgrid(down[down >= TOP * height], across, indexing="ij")
    values, rising = q[y, x], slope[y, x]
    up = np.isfinite(values) & (rising > 0)
    horizon = (y + 0.5 - np.where(up, values, 0) / np.where(up, rising, 1)) / height
    keep = up & (horizon > trust.horizon[0]) & (horizon < trust.horizon[1])
    return np.stack([x[keep] + 0.5, y[keep] + 0.5, values[keep]], -1).astype(np.float64)


def _best(points: Floats, canvas: Canvas, trust: Trust) -> Floats | None:
    n = points.shape[0]
    chosen = random.integers(0, np.arange(3 * _DRAWS).reshape(-1, 3), "floor", 0, n - 1)
    corners = points[chosen]
    system = np.concatenate([corners[..., :2], np.ones((_DRAWS, 3, 1))], -1)
    solvable = np.abs(np.linalg.det(system)) > 1e-3 * canvas.height * canvas.width
    planes = np.linalg.solve(system[solvable], corners[solvable, :, 2:])[..., 0]
    planes = planes[planes[:, 1] > 0]
    horizon = -(planes[:, 0] * canvas.width / 2 + planes[:, 2]) / planes[:, 1] / canvas.height
    roll = np.degrees(np.arctan2(planes[:, 0], planes[:, 1]))
    level = (np.abs(roll) < 3 * _ROLL_DEG) & (horizon > trust.horizon[0]) & (horizon < trust.horizon[1])
    planes, horizon, roll = planes[level], horizon[level], roll[level]
    if not planes.size:
        return None
    weight = np.exp(-0.5 * (roll / _ROLL_DEG) ** 2 - 0.5 * ((horizon - _USUAL) / _SPREAD) ** 2)
    scores = _support(points, planes, canvas.height, trust.tolerance) * weight
    best = int(scores.argmax())
    return planes[best] if scores[best] > 0.03 * n else None


def _support(points: Floats, planes: Floats, height: int, tolerance: float) -> Floats:
    """Return each plane's points on it, less those behind it; lower rows count more."""
    x, y, q = np.ascontiguousarray(points.T)
    least = 0.02 * q.max()
    votes = np.empty((planes.shape[0], q.size))
    for first in range(0, planes.shape[0], _AT_ONCE):
        some = planes[first : first + _AT_ONCE]
        predicted = some[:, :1] * x + some[:, 1:2] * y + some[:, 2:]
        ahead = predicted > least
        with np.errstate(all="ignore"):  # of what is not ahead
            residual = q / predicted - 1
        on, behind = (np.abs(residual) < tolerance) & ahead, (residual < -1.7 * tolerance) & ahead
        np.subtract(on, behind, out=votes[first : first + _AT_ONCE], dtype=np.float64)
    weight = np.clip((y / height - 0.4) / 0.3, 0.2, 1.5)
    return np.asarray(votes @ weight, np.float64)


def _refit(points: Floats, plane: Floats | None, trust: Trust) -> Floats | None:
    """Return the least-squares plane of the points on it; residuals are relative, so that near and far count alike."""
    for share in (1.0, 1.0, trust.last, trust.last):
        if plane is None or plane[1] <= 0:
            return None
        x, y, q = points.T
        predicted = plane[0] * x + plane[1] * y + plane[2]
        on = (predicted > 0) & (np.abs(q - predicted) < share * trust.tolerance * predicted)
        if on.sum() < 20:
            return None
        rows = np.stack([x[on], y[on], np.ones(int(on.sum()))], -1) / q[on, None]
        plane = np.linalg.lstsq(rows, np.ones(len(rows)), rcond=None)[0]
    return plane if plane is not None and plane[1] > 0 else None


def plane_where(q: Floats, likely: Singles, tolerance: float) -> Floats | None:
    """Return the plane of the pixels that are likely floor, weighted by how likely; None where they have none.

    Least squares in relative inverse depth, anew a few times with less weight for what lies off the plane
    (Geman-McClure): no draws and no thresholds, so that a slightly different picture gives a slightly different plane.
    """
    step = max(1, min(q.shape) // _ENOUGH)
    q, likely = q[step // 2 :: step, step // 2 :: step], likely[step // 2 :: step, step // 2 :: step]
    weight = np.where(np.isfinite(q) & (q > 0), np.clip((likely - _LEAST_LIKELY) / (1 - _LEAST_LIKELY), 0, 1) ** 2, 0)
    y, x = np.nonzero(weight)
    if y.size < _FEW:
        return None
    at = (step * np.stack([x, y]) + step // 2 + 0.5).astype(np.float64)
    rows = np.stack([*at, np.ones(y.size)], -1) / q[y, x, None]
    own = weight[y, x].astype(np.float64)
    counted: Floats = own
    plane: Floats = np.zeros(3)
    for wide in (8, 4, 2, 2, 1.5, 1.5, 1.5):
        normal = rows.T @ (rows * counted[:, None])
        plane = np.asarray(np.linalg.lstsq(normal, rows.T @ counted, rcond=None)[0], np.float64)
        counted = own / (1 + ((rows @ plane - 1) / (wide * tolerance)) ** 2) ** 2
    return plane if plane[1] > 0 else None
