"""Where figures can stand: the floor's plane from a depth map, its horizon, and how tall a figure looks on it.

A plane seen in perspective is linear in inverse depth, 1/Z = a*x + b*y + c, for metric depth and for inverse depth of
unknown scale alike.  So the floor is a robust plane fit in inverse depth, and where the plane reaches 0 is its horizon.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from figureground.core import random
from figureground.core.arrays import Floats
from figureground.core.canvas import Canvas
from figureground.core.nouns import DepthMap, Ground, Mask, Picture
from figureground.geometry.perspective import floor_normal, focal_px, inverse
from figureground.image.filters import box_blur
from figureground.image.masks import pieces

LEAST_FLOOR = 0.02  # of the picture
_GRID = 64  # points a side that the fit looks at, whatever the picture's shape
_DRAWS = 1500
_TOP = 0.42  # of the picture's height: floor is looked for below


@dataclass(frozen=True)
class Trust:
    """What is believed of a depth map.

    `tolerance`: relative difference in inverse depth up to which a pixel lies on a plane; `last`: its share in the last
    rounds of the fit.  `window`: half-width, in px
    at 224, of the window in which its slope is measured.  `horizon`: lowest and highest believable horizon, in picture
    heights.  `prior`: mean and standard deviation of horizons before anything is seen, with the standard deviation of
    the depth map's own; None takes the plane's at its word.
    """

    tolerance: float
    last: float
    window: int
    horizon: tuple[float, float]
    prior: tuple[float, float, float] | None


KNOWN = Trust(0.03, 0.4, 2, (-1.0, 0.75), None)
# Networks flatten depth: they put a floor's horizon too high, by 0.1 to 0.5 of the picture (measured with FastDepth),
# while most photos of rooms are taken nearly level.
USUAL_HORIZON = 0.44  # mean over photos of rooms, in picture heights
ESTIMATED = Trust(0.07, 1.0, 4, (-1.2, 0.65), (USUAL_HORIZON, 0.09, 0.2))
# Files whose shift was worked out: networks' depth, mostly, but with the horizon already where it is believed to be.
FITTED = Trust(0.07, 1.0, 4, (-1.2, 0.65), None)
_ROLL_DEG, _ROLL_KEPT = 8.0, 0.4  # standard deviation of a photo's tilt; the share kept of an estimated one
_USUAL, _SPREAD = 0.3, 0.45  # horizons of planes through three points: mean and standard deviation, in picture heights


def fit_floor(
    depth: DepthMap, picture: Picture, trust: Trust, focal: float, camera_height: float, stretch: float = 1.0
) -> tuple[Ground, Mask] | str:
    """Return the floor that a background shows and the pixels that show it, or the reason why none can be used.

    Planes through three points each are drawn (RANSAC, Fischler and Bolles 1981; the same draws every time) and scored
    by the points on them, less those seen *behind* them: a floor is the lowest thing in sight, which tells it from a
    table top.  The best is refitted to its inliers by least squares in relative inverse depth.  Floor is where depth
    lies on it and rises at its rate and, for estimated depth, has a colour that the floor has.

    `focal`: focal length / width, 0 if unknown.  `camera_height`: metres, for where depth and focal do not say it.
    `stretch`: as in `Ground`.
    """
    q = inverse(depth)
    if q is None:
        return "relative depth that is not inverse depth shows no plane"
    canvas = Canvas(*q.shape)
    slope = _slope(q, max(1, round(canvas.px(trust.window))))
    plane = _plane(q, slope, trust)
    if isinstance(plane, str):
        return plane
    a, b, c = (float(value) for value in plane)
    mask = _seen(q, slope, plane, picture, trust)
    share = float(mask.mean())
    if share < LEAST_FLOOR:
        return f"only {share:.1%} of the picture is floor"
    horizon, roll = -(a * canvas.width / 2 + c) / b, -math.degrees(math.atan2(a, b))
    if trust.prior is not None:
        mean, before, own = trust.prior
        horizon = (horizon / own**2 + mean * canvas.height / before**2) / (1 / own**2 + 1 / before**2)
        roll *= _ROLL_KEPT
        a, b, c = _through(mask, (a, b, c), horizon, roll)
    normal = floor_normal((a, b, c), focal_px(focal, canvas, stretch), canvas)
    focal, camera_height = _camera(depth, normal, focal, camera_height, trust)
    a, b, c = (float(f"{value:.7g}") for value in (a, b, c))  # the last bits differ between machines
    return Ground(a, b, c, round(horizon, 3), round(roll, 3), round(share, 4), focal, camera_height, stretch), mask


def plane_of(q: Floats, trust: Trust) -> Floats | None:
    """Return (a, b, c) of the plane a*x + b*y + c that a floor seems to have in inverse depth; None for no floor."""
    plane = _plane(q, _slope(q, max(1, round(Canvas(*q.shape).px(trust.window)))), trust)
    return None if isinstance(plane, str) else plane


def _plane(q: Floats, slope: Floats, trust: Trust) -> Floats | str:
    """Return the plane of the floor, or why there is none."""
    points = _points(q, slope, trust)
    if points.shape[0] < 60:
        return "nothing in its lower half rises towards the camera as a floor does"
    plane = _refit(points, _best(points, Canvas(*q.shape), trust), trust)
    return "no level plane below a horizon" if plane is None else plane


def _through(
    mask: Mask, plane: tuple[float, float, float], horizon: float, roll_deg: float
) -> tuple[float, float, float]:
    """Return the plane of a corrected horizon that keeps the inverse depth in the middle of the floor that is seen."""
    y, x = (float(at.mean()) + 0.5 for at in np.nonzero(mask))
    half, rise = mask.shape[1] / 2, math.tan(math.radians(roll_deg))
    value = plane[0] * x + plane[1] * y + plane[2]
    b = value / (y - horizon - rise * (x - half))
    return -b * rise, b, b * (rise * half - horizon)


def _camera(depth: DepthMap, normal: Floats, focal: float, camera_height: float, trust: Trust) -> tuple[float, float]:
    """Return (focal, camera height): what metric depth says where the focal length is known, else what is given.

    `normal`: the floor's, from `floor_normal`.
    """
    if not focal or depth.unit == "relative":
        return focal, camera_height
    measured = 1 / float(np.linalg.norm(normal))
    if trust.prior is not None and not 0.5 < measured / camera_height < 2:
        return 0.0, camera_height  # an estimate that cannot be: the horizon rule needs neither
    return focal, round(measured, 4)


def _slope(q: Floats, r: int) -> Floats:
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
    """Return (n, 3): x, y, inverse depth of an even grid below `_TOP`, where depth rises as on some level plane."""
    height = q.shape[0]
    down, across = (((np.arange(_GRID) + 0.5) * side / _GRID).astype(int) for side in q.shape)
    y, x = np.meshgrid(down[down >= _TOP * height], across, indexing="ij")
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
    x, y, q = points.T
    predicted = planes[:, :1] * x + planes[:, 1:2] * y + planes[:, 2:]
    ahead = predicted > 0.02 * q.max()
    residual = np.where(ahead, q / np.where(ahead, predicted, 1) - 1, 1)
    weight = np.clip((y / height - 0.4) / 0.3, 0.2, 1.5)
    on, behind = np.abs(residual) < tolerance, residual < -1.7 * tolerance
    return np.asarray(((on & ahead) - 1.0 * (behind & ahead)) @ weight, np.float64)


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


def _seen(q: Floats, slope: Floats, plane: Floats, picture: Picture, trust: Trust) -> Mask:
    """Return the pixels that show the floor, in pieces of at least 1.2 % of the picture."""
    down, across = (np.arange(side) + 0.5 for side in q.shape)
    predicted = plane[0] * across[None, :] + plane[1] * down[:, None] + plane[2]
    ahead = (predicted > 0) & np.isfinite(q)
    off = np.abs(np.where(ahead, q, 0) / np.where(ahead, predicted, 1) - 1)
    likely = np.where(ahead, np.clip(1.5 - off / trust.tolerance, 0, 1), 0)
    likely *= np.clip((slope / plane[1] - 0.25) / 0.3, 0, 1)
    likely[: int(_TOP * q.shape[0])] = 0
    if trust.prior is not None:
        likely *= np.clip(1.6 * _coloured_like(picture, likely), 0, 1)
    smooth = box_blur(likely[..., None].astype(np.float32), max(1, round(Canvas(*q.shape).px(trust.window / 2))))[
        ..., 0
    ]
    mask = Image.fromarray((smooth > 0.4).astype(np.uint8) * np.uint8(255)).filter(ImageFilter.MedianFilter(5))
    labels, areas = pieces(np.asarray(mask) > 0)
    keep = areas >= 0.012 * q.size
    keep[0] = False
    return np.asarray(keep[labels], np.bool_)


def _coloured_like(picture: Picture, likely: Floats) -> Floats:
    """Return for each pixel how likely its colour is floor: the mean of `likely` over the pixels of that colour."""
    lab = np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(1.5)).convert("LAB")).astype(np.int64)
    # Pillow keeps a and b as signed bytes
    bins = (lab[..., 0] // 22) * 256 + ((lab[..., 1] + 128) % 256 // 16) * 16 + (lab[..., 2] + 128) % 256 // 16
    low = np.zeros(likely.shape, np.bool_)
    low[int(_TOP * likely.shape[0]) :] = True
    hits = np.bincount(bins[low], weights=likely[low], minlength=12 * 256)
    seen = np.bincount(bins[low], minlength=12 * 256)
    return np.asarray(((hits + 1) / (seen + 2.5))[bins], np.float64)
