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
class Sculpt:
    """Gathers parts in figure space."""

    parts: list[Part] = field(default_factory=list)

    def cone(
        self,
        a: Floats,
        b: Floats,
        r1: float,
        r2: float,
        group: int,
        cloth: Cloth,
        wide: Floats | None = None,
        flat: float = 1.0,
        hem: float = -1.0,
        ripple: float = 0.0,
    ) -> None:
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
        self.parts.append(Part(a, frame, length, r1, r2, min(flat, 1.0), group, cloth, hem, ripple))

    def ball(
        self,
        centre: Floats,
        half: tuple[float, float, float],
        group: int,
        cloth: Cloth,
        axes: Floats | None = None,
        hem: float = -1.0,
    ) -> None:
        """An ellipsoid; axes rows are its own directions."""
        frame = (np.eye(3) if axes is None else axes) / np.array(half)[:, None]
        self.parts.append(Part(centre, frame, 0.0, 1.0, 1.0, min(half), group, cloth, hem))

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
    # `side` points from the little finger to the thumb; the palm is thin across both.
    thin = np.cross(way, side)
    palm = wrist + way * 0.042
    s.cone(wrist, palm, 0.0165, 0.0185, HANDS, cloth, side, 0.55)
    for i in range(4):
        root = palm + side * (0.0155 - 0.0103 * i) - way * 0.004
        tip = root + way * (0.043 - 0.004 * abs(i - 1.3)) + thin * curl * 0.02 + side * (0.006 - 0.004 * i)
        s.cone(root, tip, 0.0068, 0.0054, HANDS, cloth)
    s.cone(wrist + way * 0.016 + side * 0.012, wrist + way * 0.05 + side * 0.031, 0.0085, 0.006, HANDS, cloth)


def head(s: Sculpt, fit: Outfit, at: Floats, pose: Pose, fem: float) -> tuple[Floats, Floats]:
    """Add neck, head, hair and hat above the shoulders; where the head is, and its axes scaled to its size."""
    gaze = turn(pose.look_deg, -pose.nod_deg)
    c, big = at + vec(0, 0.926, -0.004), 1.1

    def put(x: float, y: float, z: float) -> Floats:
        return np.asarray(c + vec(x, y, z) @ gaze, np.float64)

    face, neck = fit.face, 0.0275 - 0.0045 * fem
    s.cone(at + vec(0, 0.815, 0.014), put(0, -0.035, 0.012), neck + 0.005, neck, SKIN, fit.skin)
    first = len(s.parts)
    s.ball(put(0, 0.014, 0.006), (0.0475, 0.0575, 0.0575), SKIN, face, gaze)
    s.ball(put(0, -0.019, -0.01), (0.0385 - 0.002 * fem, 0.0475, 0.0425), SKIN, face, gaze)
    s.cone(put(0, -0.0525, -0.03), put(0, -0.053, -0.0345), 0.0125, 0.012 - 0.001 * fem, SKIN, face)
    s.cone(put(0, 0.004, -0.0505), put(0, -0.0155, -0.0585), 0.0046, 0.0066, SKIN, face)
    for side in (-1, 1):
        s.ball(put(side * 0.0475, -0.004, 0.008), (0.0075, 0.0155, 0.0105), SKIN, fit.skin, gaze)
    hair, style = fit.hair, fit.style
    if style in ("short", "bun", "ponytail", "long", "bob"):
        s.ball(put(0, 0.0255, 0.0145), (0.0525, 0.0565, 0.0605), HAIR, hair, gaze)
        s.ball(put(0.012 if fem < 0.5 else -0.014, 0.056, -0.026), (0.036, 0.0195, 0.028), HAIR, hair, gaze)
        s.cone(put(0, 0.0, 0.036), put(0, -0.04, 0.03), 0.038, 0.026, HAIR, hair)
    if style in ("long", "bob"):
        low = -0.135 if style == "long" else -0.062
        s.cone(put(0, 0.01, 0.026), put(0, low, 0.034), 0.05, 0.043, HAIR, hair, gaze[0], 0.62)
        for side in (-1, 1):
            s.cone(put(side * 0.043, 0.03, -0.006), put(side * 0.05, low * 0.9, -0.008), 0.0165, 0.0145, HAIR, hair)
    elif style == "bun":
        s.ball(put(0, 0.075, 0.05), (0.027, 0.025, 0.027), HAIR, hair, gaze)
    elif style == "ponytail":
        s.cone(put(0, 0.035, 0.07), put(0.004, -0.1, 0.085), 0.023, 0.012, HAIR, hair)
    elif style == "afro":
        s.ball(put(0, 0.046, 0.034), (0.08, 0.074, 0.066), HAIR, hair, gaze)
    elif style == "cropped":
        s.ball(put(0, 0.021, 0.0125), (0.0492, 0.0545, 0.0565), HAIR, hair, gaze)
    elif style == "hijab":
        s.ball(put(0, 0.012, 0.018), (0.0555, 0.0655, 0.0625), HAIR, hair, gaze)
        for side in (-1, 1):
            s.cone(put(side * 0.043, 0.03, -0.012), put(side * 0.026, -0.066, -0.02), 0.0165, 0.018, HAIR, hair)
        s.cone(put(0, -0.064, 0.004), at + vec(0, 0.785, -0.004), 0.04, 0.066, HAIR, hair, flat=0.8)
    elif style in ("hat", "beanie"):
        s.ball(put(0, 0.012, 0.018), (0.051, 0.056, 0.056), HAIR, hair, gaze)
        s.ball(
            put(0, 0.036, 0.006),
            (0.0555, 0.052 if style == "beanie" else 0.046, 0.0635),
            BAG,
            fit.hat,
            gaze,
            hem=float(c[1]) + 0.029,
        )
        if style == "hat":
            s.ball(put(0, 0.034, 0.004), (0.094, 0.006, 0.1), BAG, fit.hat, gaze)
    s.enlarge(first, c, big)
    return c, gaze / big
