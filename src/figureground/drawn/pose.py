"""How a figure stands: poses drawn from a die, and the joints that bring hands and feet to their places.

Limbs are placed by where hands and feet go (two-bone inverse kinematics), so any pose stands on the ground.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from figureground.core.arrays import Floats
from figureground.drawn.kit import Dice


def vec(x: float, y: float, z: float) -> Floats:
    """The vector x, y, z."""
    return np.array([x, y, z], np.float64)


def bend(a: Floats, b: Floats, upper: float, lower: float, pole: Floats) -> tuple[Floats, Floats]:
    """The middle joint and the end of a two-bone limb from a towards b, bending to the side of `pole`."""
    way = b - a
    reach = float(np.linalg.norm(way))
    way = way / reach
    reach = min(reach, (upper + lower) * 0.995)
    along = (upper * upper - lower * lower + reach * reach) / (2 * reach)
    side = pole - way * float(pole @ way)
    side = side / float(np.linalg.norm(side))
    return a + way * along + side * sqrt(max(upper * upper - along * along, 0.0)), a + way * reach


@dataclass(frozen=True)
class Pose:
    """Where the joints go, figure heights: hands and elbow poles, ankles and toe directions, sway and head turn.

    knees: the poles of the knees, where they do not point ahead.
    """

    wrists: tuple[Floats, Floats]
    poles: tuple[Floats, Floats]
    ankles: tuple[Floats, Floats]
    toes: tuple[float, float]
    sway: float
    look_deg: float
    nod_deg: float
    phone: int
    knees: tuple[Floats, Floats] = (vec(-0.25, 0, -1), vec(0.25, 0, -1))


def draw_pose(dice: Dice, bulk: float, skirt: bool) -> Pose:
    """Draw a pose; bulk is how far the arms hang from a thick body, a skirt shortens the stride."""
    wrists, poles, hang = [], [], 0.158 + bulk
    arms = dice.pick(["down", "down", "hip", "crossed", "wave", "pocket", "hold", "raise", "phone", "down"])
    lead = dice.pick([0, 1])
    stride = dice.between(0.09, 0.15) if arms in ("down", "wave", "phone") and dice.chance(0.5) else 0.0
    stride *= 0.6 if skirt else 1.0
    for k, s in enumerate((-1, 1)):
        swing = (stride * 0.8 if k == lead else -stride * 0.8) if stride else dice.between(-0.03, 0.01)
        wrist, pole = vec(s * hang, 0.488 + abs(swing) * 0.15, swing - 0.012), vec(s * 0.35, 0, 1)
        if arms == "hip" and (k == lead or dice.chance(0.4)):
            wrist, pole = vec(s * (0.1 + bulk), 0.575, -0.035), vec(s, 0.1, 0.45)
        elif arms == "crossed":
            wrist, pole = vec(-s * 0.045, 0.672 + 0.014 * s, -0.108 - 0.012 * s), vec(s * 1.0, -0.75, 0.1)
        elif arms == "wave" and k == lead:
            wrist, pole = vec(s * dice.between(0.17, 0.22), dice.between(0.9, 0.96), -0.06), vec(s, -0.8, 0.1)
        elif arms == "raise":
            wrist, pole = vec(s * 0.24, 1.0 + 0.04 * s, -0.02), vec(s, -0.2, 0.2)
        elif arms == "pocket":
            wrist, pole = vec(s * (0.112 + bulk), 0.545, -0.02), vec(s * 0.8, 0, 1)
        elif arms == "hold":
            wrist, pole = vec(s * 0.05, 0.64, -0.15), vec(s * 0.8, -0.6, 0.5)
        elif arms == "phone" and k == lead:
            wrist, pole = vec(s * 0.05, 0.745, -0.155), vec(s * 0.6, -1, 0.2)
        wrists.append(wrist)
        poles.append(pole)
    apart = dice.between(0.042, 0.075)
    sway = 0.0 if stride else dice.pick([0.0, 1.0, -1.0]) * dice.between(0.008, 0.018)
    ankles = []
    for k, s in enumerate((-1, 1)):
        z = (-stride if k == lead else stride) if stride else dice.between(-0.02, 0.02)
        lift = 0.03 if stride and k != lead else 0.0
        free = 0.025 if sway * s < 0 else 0.0
        ankles.append(vec(s * (apart + free) * (0.7 if stride else 1.0), 0.046 + lift, z - free))
    toes = (-dice.between(6, 24), dice.between(6, 24)) if not stride else (-5.0, 5.0)
    return Pose(
        (wrists[0], wrists[1]),
        (poles[0], poles[1]),
        (ankles[0], ankles[1]),
        toes,
        sway,
        dice.between(-22, 22),
        dice.between(-4, 6) if arms != "phone" else 10.0,
        lead if arms == "phone" else -1,
    )
