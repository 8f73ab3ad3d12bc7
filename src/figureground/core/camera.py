"""The camera of a picture: a pinhole without distortion, and how it stands over the floor.

Pixel coordinates are those of `nouns.py`: x right, y down from the top left corner, pixel centres at +0.5, so the pixel
in row r and column c is seen along ((c + 0.5 - cx) / fx, (r + 0.5 - cy) / fy, 1).  Camera axes: x right, y down, z
forward; z is planar depth.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Origin = Literal["given", "exif", "estimated", "assumed", ""]
_TRUST: tuple[Origin, ...] = ("given", "exif", "estimated", "assumed", "")


def weakest(*origins: Origin) -> Origin:
    """Return where a number is from that follows from several: it is as good as the weakest of them."""
    return max(origins, key=_TRUST.index)


# ruff: noqa: RUF009  `_says` is a `field`, which no checker knows
def _says(default: Any, meaning: str) -> Any:
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Camera:
    """A picture's camera.  Each number says where it is from; "" and 0 where nothing was recorded.

    "given": by the user, in the recipe or by a known depth map.  "exif": by the photo's EXIF block.  "estimated": from
    a network's depth.  "assumed": a usual value.
    """

    fx: float = _says(0.0, "focal length, px, across")
    fy: float = _says(0.0, "focal length, px, down; another than across where a photo was stretched")
    cx: float = _says(0.0, "principal point, px from the left; pixel centres lie at +0.5")
    cy: float = _says(0.0, "principal point, px from the top")
    height_m: float = _says(0.0, "metres of the camera above the floor")
    pitch_deg: float = _says(0.0, "degrees that the camera looks down")
    roll_deg: float = _says(0.0, "degrees that it is tilted, positive where the horizon falls to the right")
    horizon_y: float = _says(0.0, "the horizon's row in the middle column, px; may lie outside")
    focal_from: Origin = _says("", "where fx and fy are from: given, exif, estimated or assumed")
    centre_from: Origin = _says("", "where cx and cy are from")
    height_from: Origin = _says("", "where the height is from")
    pitch_from: Origin = _says("", "where the pitch is from")
    roll_from: Origin = _says("", "where the roll is from")
    horizon_from: Origin = _says("", "where the horizon is from")

    @property
    def known(self) -> bool:
        """Whether anything was recorded; datasets of format version 1 have no cameras."""
        return self.fx > 0

    @property
    def matrix(self) -> NDArray[np.float64]:
        """K, float64 (3, 3): K @ (X, Y, Z) / Z = (x, y, 1) in pixel coordinates."""
        return np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1]], np.float64)

    @property
    def down(self) -> NDArray[np.float64]:
        """The unit vector that points straight down, in camera axes; the floor is where down . X = height_m."""
        pitch, roll = np.radians([self.pitch_deg, self.roll_deg])
        return np.array([-np.sin(roll) * np.cos(pitch), np.cos(roll) * np.cos(pitch), np.sin(pitch)])


UNKNOWN = Camera()
# the figures of a camera that have an origin of their own, as people call them, and the field that says it
ORIGINS = {
    "focal length": "focal_from",
    "principal point": "centre_from",
    "height": "height_from",
    "pitch": "pitch_from",
    "roll": "roll_from",
    "horizon": "horizon_from",
}
FIELDS = tuple(knob.name for knob in dataclasses.fields(Camera))


class Points(NamedTuple):
    """A cloud of n points.  `xyz`: float64 (n, 3), metres in camera axes; `rgb`: uint8 (n, 3), sRGB."""

    xyz: NDArray[np.float64]
    rgb: NDArray[np.uint8]
