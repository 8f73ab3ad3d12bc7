"""A pinhole camera in a metric world.

World axes, stated once for the whole package: x to the right, y up, z into the room, metres; the floor is y = 0.
Pixel coordinates: x to the right, y down, and the centre of the pixel in row j, column i lies at (i + 0.5, j + 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import cos, radians, sin

import numpy as np
from numpy.typing import ArrayLike

from figureground.core.arrays import Floats


@dataclass(frozen=True)
class Camera:
    """A pinhole camera; the picture is square and the optical axis goes through its middle.

    eye: (x, y, z) in metres.  yaw_deg turns to the right (towards +x), pitch_deg looks down, roll_deg tilts the camera
    clockwise as its owner sees it.  focal is in image sides: focal length in pixels = focal * size.
    """

    eye: tuple[float, float, float]
    pitch_deg: float
    yaw_deg: float
    roll_deg: float
    focal: float

    @cached_property
    def basis(self) -> Floats:
        """The unit vectors right, up and forward as rows, (3, 3)."""
        yaw, pitch, roll = radians(self.yaw_deg), radians(self.pitch_deg), radians(self.roll_deg)
        forward = np.array([sin(yaw) * cos(pitch), -sin(pitch), cos(yaw) * cos(pitch)])
        level = np.array([cos(yaw), 0.0, -sin(yaw)])
        above = np.cross(forward, level)
        right = level * cos(roll) - above * sin(roll)
        up = above * cos(roll) + level * sin(roll)
        return np.stack([right, up, forward])

    def rays(self, x: ArrayLike, y: ArrayLike, size: int) -> Floats:
        """Directions (..., 3) through pixel coordinates x, y, scaled so that eye + t * ray has z-depth t."""
        u = (np.asarray(x, np.float64) - size / 2) / (self.focal * size)
        v = (size / 2 - np.asarray(y, np.float64)) / (self.focal * size)
        right, up, forward = self.basis
        return np.asarray(forward + u[..., None] * right + v[..., None] * up, np.float64)

    def project(self, points: ArrayLike, size: int) -> tuple[Floats, Floats, Floats]:
        """Pixel coordinates x, y and z-depth in metres of world points (..., 3).

        A point at or behind the camera has depth <= 0, and x, y that mean nothing.
        """
        offset = np.asarray(points, np.float64) - np.asarray(self.eye)
        right, up, depth = np.moveaxis(offset @ self.basis.T, -1, 0)
        scale = self.focal * size / np.where(depth == 0, np.nan, depth)
        return size / 2 + right * scale, size / 2 - up * scale, depth

    def floor_plane(self, size: int) -> Floats:
        """(a, b, c) with 1/Z = a * x + b * y + c for the floor seen at pixel coordinates x, y; Z in metres."""
        right, up, forward = self.basis
        step = self.focal * size
        slope = np.array([right[1] / step, -up[1] / step, 0.0])
        slope[2] = forward[1] - slope[0] * size / 2 - slope[1] * size / 2
        return np.asarray(-slope / self.eye[1], np.float64)

    def horizon_y(self, x: ArrayLike, size: int) -> Floats:
        """The pixel coordinate y of the floor's horizon (1/Z = 0) in column x."""
        a, b, c = self.floor_plane(size)
        return np.asarray(-(a * np.asarray(x, np.float64) + c) / b, np.float64)
