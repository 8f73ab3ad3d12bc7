"""Surface normals of depth in metres, seen through a pinhole."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Floats
from figureground.geometry.intrinsics import unprojected

REACH = 2  # px to each side; more hides detail, less shows the millimetres in which depth is stored
GRAZING = 0.05  # cosine to the ray, that is 3 degrees between ray and surface: less is an edge of depth
ONE_SURFACE = 0.02  # of the inverse depth: by how much its slopes to both sides may differ on one surface


def normals(z: NDArray[np.floating[Any]], matrix: Floats) -> NDArray[np.float32]:
    """Return unit normals that face the camera, float32 (height, width, 3), NaN where unknown.

    `z`: planar metres (height, width), NaN where unknown.  Camera axes: x right, y down, z forward.  A plane is linear
    in inverse depth, 1/Z = a*x + b*y + c, and its points are those with N . X = 1, N = (a*fx, b*fy, a*cx + b*cy + c):
    so a and b, the slopes of 1/Z, are all that is needed, and planes come out as planes at any distance.  At an edge of
    depth the slope is that of the side that goes on; where neither does, and a surface would be seen from its edge,
    it is unknown.
    """
    inverse = 1 / np.asarray(z, np.float64)
    across, down = _slope(inverse, 1), _slope(inverse, 0)
    y, x = np.mgrid[0 : z.shape[0], 0 : z.shape[1]] + 0.5
    ahead = inverse + across * (matrix[0, 2] - x) + down * (matrix[1, 2] - y)
    away = np.stack([across * matrix[0, 0], down * matrix[1, 1], ahead], -1)
    away /= np.linalg.norm(away, axis=-1, keepdims=True)
    rays = unprojected(np.ones(z.shape), matrix)
    seen = (away * rays).sum(-1, keepdims=True) > GRAZING * np.linalg.norm(rays, axis=-1, keepdims=True)
    return np.where(seen, -away, np.nan).astype(np.float32)


def _slope(inverse: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Return the slope of inverse depth along an axis a pixel, NaN where neither side is known."""
    frame = [(0, 0), (0, 0)]
    frame[axis] = (REACH, REACH)
    wide = np.moveaxis(np.pad(inverse, frame, constant_values=np.nan), axis, 0)
    steps = (wide[REACH:] - wide[:-REACH]) / REACH
    before, after = (np.moveaxis(side, 0, axis) for side in (steps[:-REACH], steps[REACH:]))
    before, after = np.where(np.isnan(before), after, before), np.where(np.isnan(after), before, after)
    one_surface = np.abs(before - after) * REACH <= ONE_SURFACE * inverse
    nearer = np.where(np.abs(before) <= np.abs(after), before, after)
    return np.asarray(np.where(one_surface, (before + after) / 2, nearer), np.float64)


def coloured(directions: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return normals as colours, uint8 (height, width, 3): red right, green up, blue towards the camera, each
    127.5 * (1 + n); 0, 0, 0 where unknown, which no direction is."""
    known = np.isfinite(directions).all(-1, keepdims=True)
    turned = np.where(known, directions, 0) * np.array([1, -1, -1], np.float32)
    return np.where(known, np.rint(127.5 * (1 + turned)), 0).astype(np.uint8)
