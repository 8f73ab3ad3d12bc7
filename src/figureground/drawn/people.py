"""Drawing a person from a seed: body, pose and clothes, as a figure that rays can find."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

import numpy as np

from figureground.core.arrays import Floats
from figureground.drawn.cloth import Cloth
from figureground.drawn.figure import Figure, Part
from figureground.drawn.kit import Dice, turn
from figureground.drawn.pose import bend, draw_pose, vec
from figureground.drawn.raycast import LABELS
from figureground.drawn.sculpt import BAG, BLENDS, BOTTOM, SHOES, SKIN, SLEEVES, TOP, Sculpt, hand, head
from figureground.drawn.solids import Solid
from figureground.drawn.textures import plain
from figureground.drawn.wardrobe import Outfit, dress_up


@dataclass(frozen=True)
class PersonAt:
    """A person to stand in a room: x and z on the floor in metres; heading 0 faces -z (the camera), 90 faces +x."""

    seed: int
    x: float = 0.0
    z: float = 2.6
    heading_deg: float = 0.0
    height_m: float = 1.7


def below(s: Sculpt, a: Floats, b: Floats, r1: float, r2: float, cloth: Cloth, limit: float) -> None:
    """A cone of skin from a down to b, but only its part under the height `limit`."""
    if b[1] >= limit:
        return
    k = float(np.clip((a[1] - limit) / (a[1] - b[1]), 0.0, 0.98)) if a[1] > b[1] else 0.0
    s.cone(a + (b - a) * k, b, r1 + (r2 - r1) * k, r2, SKIN, cloth)


def sculpt(seed: int) -> tuple[list[Part], Floats, Floats]:
    """The parts of a seed's person, where its head is and which way it looks."""
    dice = Dice(seed, "person")
    fem = dice.between(0.0, 1.0)
    fem = 0.15 if fem < 0.45 else (0.9 if fem > 0.5 else 0.5)
    fit: Outfit = dress_up(Dice(seed, "wardrobe"), fem)
    stout = dice.between(0.92, 1.12)
    bulk = fit.ease + (stout - 1) * 0.05
    pose = draw_pose(dice, bulk, fit.legs == "skirt" or fit.coat_to > 0)
    s = Sculpt()
    skin, top = fit.skin, fit.top
    sx = pose.sway
    hips, chest = vec(sx, 0.0, 0.0), vec(-sx * 0.4, 0.0, 0.0)
    w = stout
    # Torso: pelvis, waist, ribs, shoulders; garments are the same shapes a little larger.
    e, hem = fit.ease, fit.hem
    waist, girth = 0.067 - 0.01 * fem, 0.066 + 0.006 * fem
    for side in (-1, 1):
        s.cone(
            hips + vec(side * 0.032 * w, 0.515, 0.004),
            hips * 0.6 + vec(side * 0.006, 0.6, 0.0),
            girth * w + e + 0.003,
            waist * w + e,
            TOP,
            top,
            flat=0.95,
            hem=hem,
        )
    s.cone(
        hips * 0.5 + vec(0, 0.6, 0.0),
        chest + vec(0, 0.69, 0.004),
        waist * w + e,
        0.077 * w + e,
        TOP,
        top,
        flat=0.72,
        hem=hem,
    )
    s.cone(chest + vec(0, 0.69, 0.004), chest + vec(0, 0.762, 0.01), 0.077 * w + e, 0.07 * w + e, TOP, top, flat=0.72)
    wide = 0.089 - 0.013 * fem
    for k, side in enumerate((-1, 1)):
        drop = -0.35 * sx * side
        s.cone(
            chest + vec(side * 0.018, 0.823, 0.014),
            chest + vec(side * wide, 0.797 + drop, 0.012),
            0.026,
            0.036 + e * 0.7,
            TOP,
            top,
        )
        s.cone(
            chest + vec(side * 0.05, 0.745, -0.004),
            chest + vec(side * wide * 0.9, 0.785 + drop, 0.008),
            0.045 + e,
            0.036 + e,
            TOP,
            top,
        )
        if fem > 0.4:
            s.ball(chest + vec(side * 0.036, 0.722, -0.04), (0.037 + e, 0.034 + e, 0.03 + e), TOP, top)
        shoulder = chest + vec(side * (wide + 0.012), 0.793 + drop, 0.012)
        elbow, wrist = bend(shoulder, pose.wrists[k], 0.168, 0.148, pose.poles[k])
        thick = (1.0 - 0.14 * fem) * (0.6 + 0.4 * w)
        sleeve, bare = fit.sleeve, fit.sleeve_cloth
        if sleeve < 2:
            s.cone(shoulder, elbow, 0.032 * thick, 0.0255 * thick, SKIN, skin)
            s.cone(elbow, wrist, 0.0255 * thick, 0.0165, SKIN, skin)
        if sleeve == 1:
            s.cone(shoulder, shoulder + (elbow - shoulder) * 0.62, 0.037 * thick + e, 0.036 * thick + e, TOP, top)
        elif sleeve == 2:
            s.cone(shoulder, elbow, 0.035 * thick + e, 0.029 * thick + e, SLEEVES, bare)
            s.cone(elbow, elbow + (wrist - elbow) * 0.96, 0.029 * thick + e, 0.0215 + e, SLEEVES, bare)
        way = (wrist - elbow) / float(np.linalg.norm(wrist - elbow))
        thumb = vec(-side * 0.25, 0.1, -1) if way[1] < 0.3 else vec(-side, 0, -0.3)
        thumb = thumb - way * float(thumb @ way)
        hand(s, wrist, way, thumb / float(np.linalg.norm(thumb)), skin, 0.5 * side if way[1] < 0 else 0.1)
        if pose.phone == k:
            out = np.cross(way, thumb) / float(np.linalg.norm(thumb))
            at = wrist + way * 0.05 - out * 0.015
            s.cone(at, at + way * 0.05, 0.02, 0.02, BAG, Cloth("plain", (0.02, 0.02, 0.025)), thumb, 0.3)
        if fit.bag == k and way[1] < -0.7:
            low = wrist + way * 0.06
            for z0, z1 in ((-0.05, -0.055), (0.05, 0.055), (-0.04, 0.05), (0.04, -0.05)):
                top_at, foot_at = vec(low[0], low[1] - 0.09, low[2] + z0), vec(low[0], low[1] - 0.185, low[2] + z1)
                s.cone(top_at, foot_at, 0.017, 0.024, BAG, fit.bag_cloth)
            for dz in (-0.04, 0.04):
                s.cone(low, vec(low[0], low[1] - 0.085, low[2] + dz), 0.004, 0.004, BAG, fit.bag_cloth)
        # Leg, trouser and shoe.
        hip = hips + vec(side * 0.044 * w, 0.505 + 0.3 * sx * side, 0.004)
        toe = turn(-pose.toes[k])[2] * -1.0
        knee, ankle = bend(hip, pose.ankles[k], 0.236, 0.236, vec(side * 0.25, 0, -1))
        if fit.legs != "trousers":
            calf = (ankle - knee) * 0.2 + vec(0, 0, 0.008), (ankle - knee) * 0.5 + vec(0, 0, 0.006)
            # Under a skirt there is no leg: where the thigh moves, it must not come through the cloth.
            under = fit.skirt_to + 0.012 if fit.legs == "skirt" else 9.0
            below(s, hip, knee, 0.052 * w, 0.0335, fit.leg_cloth, under)
            below(s, knee, ankle, 0.0325, 0.0195, fit.leg_cloth, under)
            below(s, knee + calf[0], knee + calf[1], 0.0285, 0.024, fit.leg_cloth, under)
        if fit.legs == "trousers":
            f = fit.flare
            s.cone(hip, knee, 0.0555 * w + f * 0.4, 0.0395 + f, BOTTOM, fit.bottom)
            s.cone(
                knee,
                ankle + vec(0, -0.012, 0.004),
                0.0365 + f,
                0.0285 + f * 1.4,
                BOTTOM,
                fit.bottom,
                hem=float(ankle[1]) - 0.022,
            )
        elif fit.legs == "shorts":
            s.cone(hip, hip + (knee - hip) * 0.82, 0.0565 * w, 0.055, BOTTOM, fit.bottom, hem=float(hip[1] - 0.19))
        heel, ball = ankle + vec(0, -0.026, 0.012), vec(ankle[0], ankle[1] - 0.031, ankle[2]) + toe * 0.085
        if ankle[1] > 0.06:
            ball = ball - vec(0, 0.03, 0)
        s.cone(heel, ball, 0.0225, 0.019, SHOES, fit.shoes, np.cross(toe, vec(0, 1, 0)), 0.95)
        s.cone(ball, ball + toe * 0.03, 0.0195, 0.013, SHOES, fit.shoes)
        s.cone(ankle + vec(0, fit.boot, 0), ankle + vec(0, -0.018, -0.006), 0.024, 0.025, SHOES, fit.shoes)
        s.cone(ankle + toe * 0.012, ball, 0.02, 0.016, SHOES, fit.shoes)
    for side in (-1, 1):
        s.cone(
            hips + vec(side * 0.03 * w, 0.512, 0.004),
            hips * 0.7 + vec(side * 0.006, 0.585, 0.0),
            girth * w,
            waist * w,
            BOTTOM,
            fit.bottom,
            flat=0.82,
        )
    if fit.legs == "skirt":
        spread = fit.flare
        bottom = vec(sx * 0.5, fit.skirt_to - 0.09, 0.0)
        s.cone(
            bottom,
            hips * 0.7 + vec(0, 0.6, 0.0),
            0.122 * w + spread,
            (waist + 0.004) * w,
            BOTTOM,
            fit.bottom,
            flat=0.96,
            hem=fit.skirt_to,
            ripple=0.009,
        )
    if fit.coat_to > 0:
        s.cone(
            vec(sx * 0.5, fit.coat_to - 0.08, 0.0),
            hips * 0.7 + vec(0, 0.62, 0.0),
            0.118 * w + e,
            waist * w + e + 0.006,
            TOP,
            top,
            flat=0.95,
            hem=fit.coat_to,
            ripple=0.005,
        )
    at, gaze = head(s, fit, chest + vec(sx * 0.3, 0, 0), pose, fem)
    return sorted(s.parts, key=lambda part: part.group), at, gaze


def figure(person: PersonAt) -> Figure:
    """The figure of a person at its place in the world."""
    parts, at, gaze = sculpt(person.seed)
    axes, base = turn(-person.heading_deg), np.array([person.x, 0.0, person.z])
    body = Figure(tuple(parts), BLENDS, base, axes, person.height_m, at, gaze)
    casters = []
    for part in parts:
        a, b, _ = part.ends
        middle = body.to_world((a + b) / 2)
        scale = 1 / np.linalg.norm(part.frame, axis=1)
        unit = part.frame * scale[:, None]
        if part.length == 0:
            half, kind = scale * person.height_m * 0.9, "ellipsoid"
        else:
            r = (part.r1 + part.r2) / 2 * 0.88
            half, kind = np.array([r, part.length / 2 + r * 0.6, r * float(scale[2])]) * person.height_m, "ellipsoid"
            half[1] *= 1.15
        if hypot(*half[:2].tolist()) < 0.045:
            continue
        casters.append(Solid(kind, middle, unit @ axes, half, plain("6a5548"), LABELS["person"]))
    return Figure(tuple(parts), BLENDS, base, axes, person.height_m, at, gaze, tuple(casters), (TOP,))
