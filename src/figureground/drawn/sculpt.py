"""Clay for figures: rounded cones and ellipsoids gathered in groups, hands, and heads with their hair."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from figureground.core.arrays import Floats
from figureground.drawn.cloth import Cloth
from figureground.drawn.figure import Part
from figureground.drawn.kit import turn
from figureground.drawn.pose import Pose, vec
from figureground.drawn.wardrobe import Outfit

SKIN, HAIR, TOP, BOTTOM, SHOES, BAG, SLEEVES, HANDS = range(8)
BLENDS = (0.02, 0.016, 0.026, 0.022, 0.012, 0.006, 0.016, 0.006)


@dataclass
class Layer:
    """Adds parts of one group and one cloth, in figure space; they end at height `hem`, in folds `ripple` deep."""

    parts: list[Part]
    group: int
    cloth: Cloth
    hem: float = -1.0
    ripple: float = 0.0

    def cone(self, a: Floats, b: Floats, r1: float, r2: float, wide: Floats | None = None, flat: float = 1.0) -> None:
        """A rounded cone from a to b; seen along `wide` x axis it is squashed to `flat` of its depth across that."""
        axis = b - a
        length = float(np.linalg.norm(axis))
        ey = axis / length
        ex = vec(1, 0, 0) if wide is None else wide
        ex = ex - ey * float(ex @ ey)
        if float(np.linalg.norm(ex)) < 1e-6:
            ex = vec(0, 0, 1)
        ex = ex / float(np.linalg.norm(ex))
        ez = np.cross(ex, ey)
        if abs(r1 - r2) >= length:  # one end swallows the other: keep a cone of the steepest slope that still is one
            r2 = r1 - 0.98 * length * (1 if r1 > r2 else -1)
        frame = np.stack([ex, ey, ez / flat])
        self.parts.append(Part(a, frame, length, r1, r2, min(flat, 1.0), self.group, self.cloth, self.hem, self.ripple))

    def ball(self, centre: Floats, half: tuple[float, float, float], axes: Floats | None = None) -> None:
        """An ellipsoid; axes rows are its own directions."""
        frame = (np.eye(3) if axes is None else axes) / np.array(half)[:, None]
        self.parts.append(Part(centre, frame, 0.0, 1.0, 1.0, min(half), self.group, self.cloth, self.hem))


@dataclass
class Sculpt:
    """Gathers parts in figure space."""

    parts: list[Part] = field(default_factory=list)

    def layer(self, group: int, cloth: Cloth, hem: float = -1.0, ripple: float = 0.0) -> Layer:
        """What adds parts of a group and a cloth to this."""
        return Layer(self.parts, group, cloth, hem, ripple)

    def enlarge(self, first: int, centre: Floats, k: float) -> None:
        """Scale the parts from number `first` on about a centre."""
        for i, p in enumerate(self.parts[first:], first):
            size = 1.0 if p.length == 0 else k
            self.parts[i] = replace(
                p,
                start=centre + (p.start - centre) * k,
                frame=p.frame / k if p.length == 0 else p.frame,
                length=p.length * size,
                r1=p.r1 * size,
                r2=p.r2 * size,
                tight=p.tight,
            )


def hand(s: Sculpt, wrist: Floats, way: Floats, side: Floats, cloth: Cloth, curl: float) -> None:
    """Add a hand at the wrist."""
    skin = s.layer(HANDS, cloth)
    # `side` points from the little finger to the thumb; the palm is thin across both.
    thin = np.cross(way, side)
    palm = wrist + way * 0.042
    skin.cone(wrist, palm, 0.0165, 0.0185, side, 0.55)
    for i in range(4):
        root = palm + side * (0.0155 - 0.0103 * i) - way * 0.004
        tip = root + way * (0.043 - 0.004 * abs(i - 1.3)) + thin * curl * 0.02 + side * (0.006 - 0.004 * i)
        skin.cone(root, tip, 0.0068, 0.0054)
    skin.cone(wrist + way * 0.016 + side * 0.012, wrist + way * 0.05 + side * 0.031, 0.0085, 0.006)


def head(s: Sculpt, fit: Outfit, at: Floats, pose: Pose, fem: float) -> tuple[Floats, Floats]:
    """Add neck, head, hair and hat above the shoulders; where the head is, and its axes scaled to its size."""
    gaze = turn(pose.look_deg, -pose.nod_deg)
    c, big = at + vec(0, 0.926, -0.004), 1.1

    def put(x: float, y: float, z: float) -> Floats:
        return np.asarray(c + vec(x, y, z) @ gaze, np.float64)

    skin, face = s.layer(SKIN, fit.skin), s.layer(SKIN, fit.face)
    hair, hat = s.layer(HAIR, fit.hair), s.layer(BAG, fit.hat)
    neck = 0.0275 - 0.0045 * fem
    skin.cone(at + vec(0, 0.815, 0.014), put(0, -0.035, 0.012), neck + 0.005, neck)
    first = len(s.parts)
    face.ball(put(0, 0.014, 0.006), (0.0475, 0.0575, 0.0575), gaze)
    face.ball(put(0, -0.019, -0.01), (0.0385 - 0.002 * fem, 0.0475, 0.0425), gaze)
    face.cone(put(0, -0.0525, -0.03), put(0, -0.053, -0.0345), 0.0125, 0.012 - 0.001 * fem)
    face.cone(put(0, 0.004, -0.0505), put(0, -0.0155, -0.0585), 0.0046, 0.0066)
    for side in (-1, 1):
        skin.ball(put(side * 0.0475, -0.004, 0.008), (0.0075, 0.0155, 0.0105), gaze)
    style = fit.style
    if style in ("short", "bun", "ponytail", "long", "bob"):
        hair.ball(put(0, 0.0255, 0.0145), (0.0525, 0.0565, 0.0605), gaze)
        hair.ball(put(0.012 if fem < 0.5 else -0.014, 0.056, -0.026), (0.036, 0.0195, 0.028), gaze)
        hair.cone(put(0, 0.0, 0.036), put(0, -0.04, 0.03), 0.038, 0.026)
    if style in ("long", "bob"):
        low = -0.135 if style == "long" else -0.062
        hair.cone(put(0, 0.01, 0.026), put(0, low, 0.034), 0.05, 0.043, gaze[0], 0.62)
        for side in (-1, 1):
            hair.cone(put(side * 0.043, 0.03, -0.006), put(side * 0.05, low * 0.9, -0.008), 0.0165, 0.0145)
    elif style == "bun":
        hair.ball(put(0, 0.075, 0.05), (0.027, 0.025, 0.027), gaze)
    elif style == "ponytail":
        hair.cone(put(0, 0.035, 0.07), put(0.004, -0.1, 0.085), 0.023, 0.012)
    elif style == "afro":
        hair.ball(put(0, 0.046, 0.034), (0.08, 0.074, 0.066), gaze)
    elif style == "cropped":
        hair.ball(put(0, 0.021, 0.0125), (0.0492, 0.0545, 0.0565), gaze)
    elif style == "hijab":
        hair.ball(put(0, 0.012, 0.018), (0.0555, 0.0655, 0.0625), gaze)
        for side in (-1, 1):
            hair.cone(put(side * 0.043, 0.03, -0.012), put(side * 0.026, -0.066, -0.02), 0.0165, 0.018)
        hair.cone(put(0, -0.064, 0.004), at + vec(0, 0.785, -0.004), 0.04, 0.066, flat=0.8)
    elif style in ("hat", "beanie"):
        hair.ball(put(0, 0.012, 0.018), (0.051, 0.056, 0.056), gaze)
        s.layer(BAG, fit.hat, float(c[1]) + 0.029).ball(
            put(0, 0.036, 0.006), (0.0555, 0.052 if style == "beanie" else 0.046, 0.0635), gaze
        )
        if style == "hat":
            hat.ball(put(0, 0.034, 0.004), (0.094, 0.006, 0.1), gaze)
    s.enlarge(first, c, big)
    return c, gaze / big
