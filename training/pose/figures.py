"""Outlines of drawn people who stand, sit, crouch or jump, seen from anywhere, with exact labels.

The bodies are those of `figureground.drawn`; only their limbs are led elsewhere.  Nothing is ray cast: a part's outline
is the hull of two ellipses, and an outline is all that is learnt from.
"""

from __future__ import annotations

from dataclasses import replace
from math import cos, radians, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from figureground.core.nouns import Mask
from figureground.drawn import Build, Part, draw_build, parts_of_build, vec

Points = NDArray[np.float64]
Ends = list[tuple[Points, Points]]  # of a part: where each lies, and the axes of the ellipsoid there
SIDE = 224  # px of the picture that a figure is drawn in, before it is cropped to its box
_LEG = 0.236  # of thigh and shin, figure heights
_CIRCLE = np.stack([np.cos(np.linspace(0, 2 * np.pi, 20, False)), np.sin(np.linspace(0, 2 * np.pi, 20, False))], 1)


def outlines(random: np.random.Generator, pose: str, views: int = 1) -> list[Mask]:
    """Return masks of a person, from several sides, in a pose: "standing", "seated" (crouching, kneeling, lying ...)
    or "airborne"."""
    build = draw_build(int(random.integers(1 << 30)))
    if pose == "standing":
        build, turn = _standing(random, build)
    elif pose == "seated":
        build, turn = _seated(random, build)
    else:
        build, turn = _airborne(random, build)
    parts = parts_of_build(build)[0]
    stool = pose == "seated" and random.random() < 0.15
    return [_drawn(parts, _seen(random) @ turn, float(np.exp(random.normal(0, 0.05))), stool) for _ in range(views)]


def _standing(random: np.random.Generator, build: Build) -> tuple[Build, Points]:
    pose = build.pose
    kind = random.random()
    if kind < 0.25:  # wide apart
        apart = random.uniform(0.08, 0.2)
        pose = replace(pose, ankles=(vec(-apart, 0.046, 0.0), vec(apart, 0.046, random.uniform(-0.05, 0.05))), sway=0.0)
    elif kind < 0.5:  # a long stride
        step = random.uniform(0.1, 0.2)
        pose = replace(pose, ankles=(vec(-0.04, 0.046, -step), vec(0.04, 0.07, step)), sway=0.0)
    if random.random() < 0.3:
        pose = replace(pose, **_arms(random))
    lean = _around(0, radians(random.normal(0, 3))) @ _around(2, radians(random.normal(0, 3)))
    return replace(build, pose=pose), lean


def _seated(random: np.random.Generator, build: Build) -> tuple[Build, Points]:
    kind = random.random()
    bow = random.uniform(-10, 45)
    if kind < 0.45:  # on a seat
        legs = [_leg(s, random.uniform(65, 105) + bow, random.uniform(60, 115), random.uniform(0, 35)) for s in (-1, 1)]
        if random.random() < 0.25:  # one leg over the other
            legs[1] = _leg(-1, random.uniform(90, 115) + bow, random.uniform(60, 100), random.uniform(0, 15))
    elif kind < 0.75:  # crouching, or knees drawn up on the floor
        legs = [
            _leg(s, random.uniform(85, 135) + bow, random.uniform(115, 155), random.uniform(5, 45)) for s in (-1, 1)
        ]
    elif kind < 0.88:  # cross-legged
        legs = [
            _leg(s, random.uniform(70, 95) + bow, random.uniform(115, 150), random.uniform(40, 70), -s * 0.8)
            for s in (-1, 1)
        ]
    elif kind < 0.94:  # on one knee
        legs = [
            _leg(-1, random.uniform(75, 105) + bow, random.uniform(80, 110), 10.0),
            _leg(1, random.uniform(-5, 30) + bow, random.uniform(85, 130), 5.0),
        ]
    else:  # legs stretched on the floor
        legs = [_leg(s, random.uniform(75, 95) + bow, random.uniform(5, 50), random.uniform(0, 30)) for s in (-1, 1)]
    build = _with_legs(random, build, legs)
    turn = _around(0, radians(-bow))
    if kind > 0.97:  # lying
        turn = _around(2, radians(random.choice([-90, 90])))
    return build, turn


def _airborne(random: np.random.Generator, build: Build) -> tuple[Build, Points]:
    kind = random.random()
    if kind < 0.4:  # both knees up
        legs = [_leg(s, random.uniform(25, 110), random.uniform(60, 140), random.uniform(0, 40)) for s in (-1, 1)]
    elif kind < 0.75:  # a leap: one leg before, one behind
        legs = [
            _leg(-1, random.uniform(40, 100), random.uniform(0, 110), random.uniform(0, 25)),
            _leg(1, random.uniform(-50, 10), random.uniform(20, 110), random.uniform(0, 25)),
        ]
    else:  # heels behind, or legs spread
        wide = random.uniform(5, 45)
        legs = [_leg(s, random.uniform(-25, 25), random.uniform(15, 110), wide) for s in (-1, 1)]
    build = _with_legs(random, build, legs)
    build = replace(build, pose=replace(build.pose, **_arms(random)))
    tilt = _around(0, radians(random.normal(0, 18))) @ _around(2, radians(random.normal(0, 18)))
    if random.random() < 0.1:
        tilt = _around(0, radians(random.uniform(40, 320)))
    return build, tilt


def _with_legs(random: np.random.Generator, build: Build, legs: list[tuple[Points, Points]]) -> Build:
    fit = replace(build.fit, legs="trousers" if random.random() < 0.75 else "shorts", coat_to=0.0, bag=-1)
    pose = build.pose
    if random.random() < 0.6:
        pose = replace(pose, **_arms(random))
    ankles, knees = zip(*legs, strict=True)
    pose = replace(pose, ankles=(ankles[0], ankles[1]), knees=(knees[0], knees[1]), sway=0.0)
    return replace(build, fit=fit, pose=pose)


def _leg(side: int, thigh: float, knee: float, apart: float, turned: float = 0.0) -> tuple[Points, Points]:
    """Return ankle and knee pole: the thigh's angle from hanging to ahead, the knee's bend, how far apart, degrees;
    `turned`: how far the shin goes sideways."""
    a, b, c = radians(thigh), radians(thigh - knee), radians(apart)
    upper = vec(side * sin(c), -cos(a) * cos(c), -sin(a) * cos(c))
    lower = vec(side * sin(c) * 0.5 + turned, -cos(b), -sin(b))
    lower = lower / float(np.linalg.norm(lower))
    hip = vec(side * 0.044, 0.505, 0.004)
    ankle = hip + _LEG * upper + _LEG * lower
    way = ankle - hip
    pole = upper - way * float(upper @ way) / max(float(way @ way), 1e-6)
    if float(np.linalg.norm(way)) < 0.06:
        ankle = hip + way / max(float(np.linalg.norm(way)), 1e-6) * 0.06 + vec(0, -0.02, 0)
    if float(np.linalg.norm(pole)) < 0.05:
        pole = vec(side * 0.25, 0.1, -1)
    return ankle, pole


def _arms(random: np.random.Generator) -> dict[str, Any]:
    """Return hands anywhere around the shoulders."""
    wrists, poles = [], []
    for s in (-1, 1):
        way = random.normal(size=3) + np.array([s * 1.2, -0.2, -0.3])
        wrists.append(vec(s * 0.1, 0.79, 0.0) + way / np.linalg.norm(way) * random.uniform(0.16, 0.31))
        poles.append(random.normal(size=3) + np.array([s * 1.0, -0.5, 0.6]))
    return {"wrists": (wrists[0], wrists[1]), "poles": (poles[0], poles[1]), "phone": -1}


def _seen(random: np.random.Generator) -> Points:
    """Return how a body turns before a camera that looks a little down."""
    return _around(0, radians(random.uniform(-4, 22))) @ _around(1, radians(random.uniform(-180, 180)))


def _around(axis: int, angle: float) -> Points:
    a, b = [i for i in range(3) if i != axis]
    turn = np.eye(3)
    turn[a, a] = turn[b, b] = cos(angle)
    turn[a, b], turn[b, a] = -sin(angle), sin(angle)
    return turn


def _drawn(parts: list[Part], turn: Points, wide: float, stool: bool) -> Mask:
    seen = turn[:2] * np.array([[wide], [-1.0]])
    hulls = [_hull(part, seen) for part in parts]
    if stool:
        at = seen @ np.array([0.0, 0.43, 0.0])
        hulls.append(at + np.array([[-0.1, 0], [0.1, 0], [0.11, 0.24], [0.08, 0.24], [0.07, 0.03], [-0.1, 0.24]]))
    every = np.concatenate(hulls)
    low, high = every.min(0), every.max(0)
    scale = (SIDE - 8) / float((high - low).max())
    image = Image.new("1", (SIDE, SIDE))
    draw = ImageDraw.Draw(image)
    for hull in hulls:
        draw.polygon([(float(x), float(y)) for x, y in (hull - low) * scale + 4], fill=1)
    mask: Mask = np.asarray(image).astype(np.bool_)
    return mask


def _hull(part: Part, seen: Points) -> Points:
    """Return the outline of a part as a polygon (n, 2)."""
    inverse: Points = np.asarray(np.linalg.inv(part.frame), np.float64)
    ends: Ends = [(part.start, inverse * part.r1), (part.start + inverse[:, 1] * part.length, inverse * part.r2)]
    if part.length == 0:
        ends = [(part.start, inverse)]
    elif part.hem > 0:
        ends = _hemmed(ends, part.hem)
    best: Points = np.full(len(_CIRCLE), -np.inf)
    points = np.zeros_like(_CIRCLE)
    for centre, axes in ends:
        flat = seen @ axes
        covariance = flat @ flat.T
        reach = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", _CIRCLE, covariance, _CIRCLE), 1e-12))
        support = seen @ centre + (_CIRCLE @ covariance) / reach[:, None]
        far = np.einsum("ij,ij->i", support, _CIRCLE)
        points[far > best] = support[far > best]
        best = np.maximum(best, far)
    return points


def _hemmed(ends: Ends, hem: float) -> Ends:
    """Return the ends of an upright part that ends at a height: its lower ball becomes a disc there."""
    (a, ra), (b, rb) = sorted(ends, key=lambda end: float(end[0][1]))
    rise = float(b[1] - a[1])
    if rise < 0.8 * float(np.linalg.norm(b - a)) or float(a[1]) > hem + 0.5 * rise:
        return ends
    k = float(np.clip((hem - a[1]) / max(rise, 1e-6), 0, 1))
    disc = ra + (rb - ra) * k
    disc = disc.copy()
    disc[1] = 0
    return [(a + (b - a) * k, disc), (b, rb)]
