"""What builders share: a die that is rolled in order, and a frame in which furniture is put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import cos, radians, sin
from typing import TypeVar

import numpy as np

from figureground.core import random
from figureground.core.arrays import Floats
from figureground.drawn.raycast import LABELS, Lamp
from figureground.drawn.solids import Solid
from figureground.drawn.textures import Material

T = TypeVar("T")

Place = tuple[float, float, float]  # x, y, z in metres, or three angles in degrees
_UPRIGHT: Place = (0.0, 0.0, 0.0)


class Dice:
    """Draws number 0, 1, 2 … of one purpose; the same calls give the same values."""

    def __init__(self, seed: int, purpose: str) -> None:
        self.seed, self.purpose, self.count = seed, f"scenes/{purpose}", 0

    def between(self, low: float, high: float) -> float:
        """A float in low..high."""
        self.count += 1
        return low + (high - low) * float(random.uniform(self.seed, self.count, self.purpose))

    def whole(self, low: int, high: int) -> int:
        """An integer in low..high, both included."""
        self.count += 1
        return int(random.integers(self.seed, self.count, self.purpose, low, high))

    def chance(self, p: float) -> bool:
        """True with probability p."""
        return self.between(0, 1) < p

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.whole(0, len(options) - 1)]


def turn(yaw_deg: float, tilt_deg: float = 0.0, roll_deg: float = 0.0) -> Floats:
    """Axes (rows) turned about y (to the right), then leaning back about x, then rolled about z."""
    y, t, r = radians(yaw_deg), radians(tilt_deg), radians(roll_deg)
    about_y = np.array([[cos(y), 0, -sin(y)], [0, 1, 0], [sin(y), 0, cos(y)]])
    about_x = np.array([[1, 0, 0], [0, cos(t), sin(t)], [0, -sin(t), cos(t)]])
    about_z = np.array([[cos(r), sin(r), 0], [-sin(r), cos(r), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_x @ about_y, np.float64)


@dataclass
class Kit:
    """A place to build at: local x to the piece's side, y up, z to its back; its front faces -z.

    Turned by yaw_deg about y, its origin at `at`.  Solids and lamps gather in the lists.
    """

    at: Place
    yaw_deg: float = 0.0
    solids: list[Solid] = field(default_factory=list)
    lamps: list[Lamp] = field(default_factory=list)

    def world(self, x: float, y: float, z: float) -> Floats:
        """World position of a local point."""
        return np.asarray(np.array(self.at) + np.array([x, y, z]) @ turn(self.yaw_deg), np.float64)

    def _stand(self, centre: Place, tilt: Place) -> tuple[Floats, Floats]:
        """World position and axes of a solid; tilt is (yaw, lean back, roll) in degrees inside the piece's frame."""
        return self.world(*centre), turn(*tilt) @ turn(self.yaw_deg)

    def box(
        self, label: str, centre: Place, half: Place, material: Material, tilt: Place = _UPRIGHT, casts: bool = True
    ) -> None:
        """Add a sharp box."""
        at, axes = self._stand(centre, tilt)
        self.solids.append(Solid("box", at, axes, np.array(half), material, LABELS[label], casts=casts))

    def ball(
        self, label: str, centre: Place, half: Place, material: Material, tilt: Place = _UPRIGHT, casts: bool = True
    ) -> None:
        """Add an ellipsoid."""
        at, axes = self._stand(centre, tilt)
        self.solids.append(Solid("ellipsoid", at, axes, np.array(half), material, LABELS[label], casts=casts))

    def cone(
        self, label: str, centre: Place, size: Place, material: Material, tilt: Place = _UPRIGHT, casts: bool = True
    ) -> None:
        """Add a frustum (a leg, a pole, a pot, a lamp shade); size: bottom radius, half the height, top radius."""
        at, axes = self._stand(centre, tilt)
        self.solids.append(Solid("frustum", at, axes, np.array(size), material, LABELS[label], casts=casts))

    def soft(
        self,
        label: str,
        centre: Place,
        half: Place,
        material: Material,
        powers: tuple[int, int] = (8, 8),
        tilt: Place = _UPRIGHT,
    ) -> None:
        """Add a rounded, upholstered block."""
        at, axes = self._stand(centre, tilt)
        self.solids.append(Solid("super", at, axes, np.array(half), material, LABELS[label], powers))
