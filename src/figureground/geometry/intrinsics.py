"""From pixels to points and back through a pinhole, and how a camera stands over a floor's plane."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Floats
from figureground.core.camera import Camera, Origin, weakest
from figureground.core.canvas import Canvas
from figureground.core.nouns import DepthMap, Ground
from figureground.geometry.plane import USUAL_HORIZON


def planar_metres(depth: DepthMap) -> NDArray[np.float64]:
    """Return z in metres, float64 (height, width), NaN where unknown or infinitely far.

    Raises ValueError for relative depth, whose scale nobody knows.
    """
    if depth.unit == "relative":
        raise ValueError("relative depth has no metres")
    values = depth.values.astype(np.float64)
    seen = np.isfinite(values) & (values > 0)
    values = np.where(seen, values, np.nan)
    return values if depth.unit == "m" else np.asarray(1 / values, np.float64)


def planar_from_distance(distance: DepthMap, camera: Camera) -> DepthMap:
    """Return planar depth of distances along the ray, or inverse planar depth of inverse distances."""
    return _times(distance, 1 / _ray_lengths(distance, camera))


def distance_from_planar(planar: DepthMap, camera: Camera) -> DepthMap:
    """Return distances along the ray, or inverse ones; `planar_from_distance` is the inverse."""
    return _times(planar, _ray_lengths(planar, camera))


def _ray_lengths(depth: DepthMap, camera: Camera) -> Floats:
    """Return how far along its ray each pixel's point lies, a metre of planar depth."""
    rays = unprojected(np.ones(depth.values.shape), camera.matrix)
    return np.asarray(np.linalg.norm(rays, axis=-1), np.float64)


def _times(depth: DepthMap, factor: Floats) -> DepthMap:
    factor = factor if depth.direction == "larger is farther" else 1 / factor
    return replace(depth, values=(depth.values * factor).astype(np.float32))


def unprojected(z: Floats, matrix: Floats) -> NDArray[np.float64]:
    """Return the point that each pixel shows, float64 (height, width, 3), of z (height, width)."""
    y, x = np.mgrid[0 : z.shape[0], 0 : z.shape[1]] + 0.5
    rays = np.stack([(x - matrix[0, 2]) / matrix[0, 0], (y - matrix[1, 2]) / matrix[1, 1], np.ones_like(x)], -1)
    return np.asarray(rays * z[..., None], np.float64)


def projected(xyz: Floats, matrix: Floats) -> NDArray[np.float64]:
    """Return the pixel coordinates (x, y) of points (n, 3): float64 (n, 2).  `unprojected` is the inverse."""
    seen = xyz @ matrix.T
    return np.asarray(seen[:, :2] / seen[:, 2:], np.float64)


def over_floor(camera: Camera, ground: Ground, canvas: Canvas, plane_from: Origin, metric: bool) -> Camera:
    """Return a camera with what the floor says that its picture shows; `without_floor` gives the camera before.

    `plane_from`: where the floor's plane is from; `metric`: whether its unit is known.  The height is measured where
    the fit measured the one that figures stand by (`floor.fit_floor`), and else stays.  With 1/Z = a*x + b*y + c
    the floor is where N . X = 1, N = (a*fx, b*fy, a*cx + b*cy + c); N points down, and 1/|N| is the height in
    metres where depth is known.
    """
    ahead = ground.a * camera.cx + ground.b * camera.cy + ground.c
    normal = np.array([ground.a * camera.fx, ground.b * camera.fy, ahead])
    length = float(np.linalg.norm(normal))
    down = normal / length
    measured = metric and ground.focal > 0
    both = weakest(camera.focal_from, plane_from)
    return replace(
        camera,
        height_m=ground.camera_height if measured else camera.height_m,
        pitch_deg=_degrees(math.asin(down[2])),
        roll_deg=_degrees(math.atan2(-down[0], down[1])),
        horizon_y=round(-(ground.a * canvas.width / 2 + ground.c) / ground.b, 3),
        height_from=both if measured else camera.height_from,
        pitch_from=both,
        roll_from=plane_from,
        horizon_from=plane_from,
    )


def without_floor(lens: Camera, canvas: Canvas, height_m: float, height_from: Origin) -> Camera:
    """Return a camera of which the picture shows no floor: level but for the usual horizon of photos of rooms."""
    horizon = USUAL_HORIZON * canvas.height
    return replace(
        lens,
        height_m=float(height_m),
        pitch_deg=_degrees(math.atan2(lens.cy - horizon, lens.fy)),
        roll_deg=0.0,
        horizon_y=round(horizon, 3),
        height_from=height_from,
        pitch_from="assumed",
        roll_from="assumed",
        horizon_from="assumed",
    )


def _degrees(radians: float) -> float:
    return round(math.degrees(radians), 3) + 0.0  # no -0.0
