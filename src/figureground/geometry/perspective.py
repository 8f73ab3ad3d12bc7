"""A plane seen in perspective: inverse depth, horizon, how tall a figure looks on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from figureground.core.arrays import Floats
from figureground.core.canvas import Canvas
from figureground.core.nouns import DepthMap, Ground


def inverse(depth: DepthMap) -> Floats | None:
    """Return inverse depth, float64 (h, w), NaN where unknown; None for relative depth that is not inverse.

    Relative inverse depth is taken as known up to scale: 0 is infinitely far.
    """
    values = depth.values.astype(np.float64)
    known = values > 0
    if depth.unit == "m":
        return np.where(known, 1 / np.where(known, values, 1), np.nan)
    return np.where(known, values, np.nan) if depth.direction == "larger is nearer" else None


def horizon_y(ground: Ground, x: ArrayLike, canvas: Canvas) -> Floats:
    """Return the horizon's y at pixel coordinates x."""
    return np.asarray(ground.horizon_y + _rise(ground) * (np.asarray(x, np.float64) - canvas.width / 2), np.float64)


def _rise(ground: Ground) -> float:
    """Return by how many rows the horizon falls from one column to the next."""
    return math.tan(math.radians(ground.roll_deg))


def figure_heights(ground: Ground, real_m: float, x: ArrayLike, y: ArrayLike, canvas: Canvas) -> Floats:
    """Return how many px tall a figure of `real_m` metres looks that stands at pixel coordinates x, y of the floor.

    With focal lengths f the floor's normal is n ~ (a*fx, b*fy, a*cx + b*cy + c), and foot and head are projected
    through the pinhole.  Without one the horizon rule holds, exact for a level camera: the horizon cuts every figure on
    the floor at the height of the camera, so height / (y - horizon) = real height / camera height.  NaN where the head
    would be behind the camera.
    """
    rule = height_rule(ground, canvas)
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    focal_x, focal_y, middle_x, middle_y, n_x, n_y, n_z, camera = rule
    if not focal_x:
        return np.asarray((y - (middle_y + focal_y * (x - middle_x))) * real_m / camera, np.float64)
    across, down = (x - middle_x) / focal_x, (y - middle_y) / focal_y
    ahead = camera / (across * n_x + down * n_y + n_z)
    depth = ahead - real_m * n_z
    depth = np.where(depth > 0, depth, np.nan)
    over = x - ((across * ahead - real_m * n_x) * focal_x / depth + middle_x)
    up = y - ((down * ahead - real_m * n_y) * focal_y / depth + middle_y)
    return np.asarray(np.sqrt(over * over + up * up), np.float64)


def height_at(rule: Sequence[float], real_m: float, x: float, y: float) -> float:
    """Return `figure_heights` at one place on the floor of a `height_rule`, for which arrays take ten times as long."""
    focal_x, focal_y, middle_x, middle_y, n_x, n_y, n_z, camera = rule
    if not focal_x:
        return (y - (middle_y + focal_y * (x - middle_x))) * real_m / camera
    across, down = (x - middle_x) / focal_x, (y - middle_y) / focal_y
    slope = across * n_x + down * n_y + n_z
    depth = camera / slope - real_m * n_z if slope else math.nan
    if not depth > 0:
        return math.nan
    ahead = camera / slope
    over = x - ((across * ahead - real_m * n_x) * focal_x / depth + middle_x)
    up = y - ((down * ahead - real_m * n_y) * focal_y / depth + middle_y)
    return math.sqrt(over * over + up * up)


def height_rule(ground: Ground, canvas: Canvas) -> tuple[float, ...]:
    """Return what `figure_heights` hangs on: focal length in px of columns and of rows, the picture's middle (x, y),
    the floor's normal, three numbers, and the camera's height above it.

    Without a focal length: 0, the horizon's rise a column, the middle column, its row there, three zeros, the height.
    """
    middle = canvas.width / 2, canvas.height / 2
    if not ground.focal:
        return 0.0, _rise(ground), middle[0], ground.horizon_y, 0.0, 0.0, 0.0, ground.camera_height
    f = _focal_px(ground.focal, canvas, ground.stretch)
    n_x, n_y, n_z = _floor_normal((ground.a, ground.b, ground.c), f, canvas)
    length = math.sqrt(n_x * n_x + n_y * n_y + n_z * n_z)
    return *f, *middle, n_x / length, n_y / length, n_z / length, ground.camera_height


def within(ground: Ground, canvas: Canvas, horizon_draw: float, size_draw: float) -> Ground:
    """Return a floor as it may be within its uncertainty: itself where there is none, or for draws of 0.

    Both draws are standard normal numbers; beyond 2 they are taken as 2.  Horizon and camera height are uncertain
    together: a horizon that moves takes the height along, so that sizes in the middle of the floor stay, which are
    better known than either; then all sizes change by what of the height's uncertainty the horizon does not explain.
    """
    if not (ground.horizon_sd or ground.camera_height_sd):
        return ground
    up, more = (min(max(draw, -2.0), 2.0) for draw in (horizon_draw, size_draw))
    middle = (max(ground.horizon_y, 0.0) + 2 * canvas.height) / 3
    below = middle - ground.horizon_y
    moved = min(ground.horizon_y + up * ground.horizon_sd, middle - 0.3 * below)
    explained = ground.horizon_sd / below
    rest = math.sqrt(max(0.0, (ground.camera_height_sd / ground.camera_height) ** 2 - explained**2))
    stays = below / (middle - moved)
    a, b = stays * ground.a, stays * ground.b
    c = -b * moved - a * canvas.width / 2
    height = ground.camera_height / stays / (1 + rest * more if more >= 0 else 1 / (1 - rest * more))
    return replace(ground, a=a, b=b, c=c, horizon_y=moved, camera_height=height)


def focal_px(focal: float, canvas: Canvas, stretch: float) -> Floats:
    """Return the focal length in px, (in columns, in rows), of one that is given as a part of the canvas's width."""
    return np.array(_focal_px(focal, canvas, stretch))


def _focal_px(focal: float, canvas: Canvas, stretch: float) -> tuple[float, float]:
    across = focal * canvas.width
    return across, across * stretch


def floor_normal(plane: tuple[float, float, float], f: Floats, canvas: Canvas) -> Floats:
    """Return N, pointing down, with N . X = 1 for points X of the plane (camera axes x right, y down, z forward).

    `f`: from `focal_px`.
    """
    return np.array(_floor_normal(plane, (f[0], f[1]), canvas))


def _floor_normal(
    plane: tuple[float, float, float], f: tuple[float, float], canvas: Canvas
) -> tuple[float, float, float]:
    a, b, c = plane
    return a * f[0], b * f[1], a * canvas.width / 2 + b * canvas.height / 2 + c
