"""A plane seen in perspective: inverse depth, horizon, how tall a figure looks on it."""

from __future__ import annotations

import math

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
    rise = math.tan(math.radians(ground.roll_deg))
    return np.asarray(ground.horizon_y + rise * (np.asarray(x, np.float64) - canvas.width / 2), np.float64)


def figure_heights(ground: Ground, real_m: float, x: ArrayLike, y: ArrayLike, canvas: Canvas) -> Floats:
    """Return how many px tall a figure of `real_m` metres looks that stands at pixel coordinates x, y of the floor.

    With focal lengths f the floor's normal is n ~ (a*fx, b*fy, a*cx + b*cy + c), and foot and head are projected
    through the pinhole.  Without one the horizon rule holds, exact for a level camera: the horizon cuts every figure on
    the floor at the height of the camera, so height / (y - horizon) = real height / camera height.  NaN where the head
    would be behind the camera.
    """
    x, y = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
    if not ground.focal:
        return np.asarray((y - horizon_y(ground, x, canvas)) * real_m / ground.camera_height, np.float64)
    f = focal_px(ground.focal, canvas, ground.stretch)
    centre = np.array([canvas.width / 2, canvas.height / 2])
    normal = floor_normal((ground.a, ground.b, ground.c), f, canvas)
    normal /= np.linalg.norm(normal)
    rays = np.stack([(x - centre[0]) / f[0], (y - centre[1]) / f[1], np.ones_like(x)], -1)
    foot = rays * (ground.camera_height / (rays @ normal))[..., None]
    head = foot - real_m * normal
    depth = np.where(head[..., 2:] > 0, head[..., 2:], np.nan)
    top = head[..., :2] * f / depth + centre
    return np.asarray(np.hypot(x - top[..., 0], y - top[..., 1]), np.float64)


def focal_px(focal: float, canvas: Canvas, stretch: float) -> Floats:
    """Return the focal length in px, (in columns, in rows), of one that is given as a part of the canvas's width."""
    across = focal * canvas.width
    return np.array([across, across * stretch])


def floor_normal(plane: tuple[float, float, float], f: Floats, canvas: Canvas) -> Floats:
    """Return N, pointing down, with N . X = 1 for points X of the plane (camera axes x right, y down, z forward).

    `f`: from `focal_px`.
    """
    a, b, c = plane
    return np.array([a * f[0], b * f[1], a * canvas.width / 2 + b * canvas.height / 2 + c])
