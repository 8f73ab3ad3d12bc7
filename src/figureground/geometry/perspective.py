"""A plane seen in perspective: inverse depth, horizon, how tall a figure looks on it."""

from __future__ import annotations

import math
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
    across = focal * canvas.width
    return np.array([across, across * stretch])


def floor_normal(plane: tuple[float, float, float], f: Floats, canvas: Canvas) -> Floats:
    """Return N, pointing down, with N . X = 1 for points X of the plane (camera axes x right, y down, z forward).

    `f`: from `focal_px`.
    """
    a, b, c = plane
    return np.array([a * f[0], b * f[1], a * canvas.width / 2 + b * canvas.height / 2 + c])
