"""What is seen of a room in a photo, by a network and by its lines: values alone."""

from __future__ import annotations

from dataclasses import dataclass

from figureground.core.arrays import Singles


@dataclass(frozen=True)
class SeenCamera:
    """A camera as a network sees it, in degrees, each value with the standard deviation that the network gives it.

    pitch: how far the optical axis points below the horizon.  fov: the vertical field of view.
    """

    pitch: float
    pitch_sd: float
    fov: float
    fov_sd: float


@dataclass(frozen=True, eq=False)
class Edgels:
    """Pixels on the lines of a picture.  `place` float32 (2, n): x and y from the picture's middle, in its heights;
    `normal` float32 (2, n): unit vectors across their lines."""

    place: Singles
    normal: Singles


@dataclass(frozen=True, eq=False)
class SeenRoom:
    """floor float32 (height, width): the probability 0..1 that the surface seen there is the floor, or a rug on it."""

    floor: Singles
    camera: SeenCamera
