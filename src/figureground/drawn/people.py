"""Drawing a person from a seed: body, pose and clothes, as a figure that rays can find."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import hypot

import numpy as np

from figureground.core.arrays import Floats
from figureground.drawn.cloth import Cloth
from figureground.drawn.figure import Figure, Part
from figureground.drawn.kit import Dice, turn
from figureground.drawn.pose import Pose, bend, draw_pose, vec
from figureground.drawn.raycast import LABELS, Stage
from figureground.drawn.sculpt import BAG, BLENDS, BOTTOM, SHOES, SKIN, SLEEVES, TOP, Layer, Sculpt, hand, head
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


@dataclass(frozen=True, eq=False)
class Build:
    """What a seed's person is made of: outfit, pose, how female (0..1) and how stout (about 1) the body is.

    hips and chest (3,): where the weight goes when the figure leans, figure heights.
    """

    fit: Outfit
    pose: Pose
    fem: float
    stout: float

    @property
    def hips(self) -> Floats:
        return vec(self.pose.sway, 0.0, 0.0)

    @property
    def chest(self) -> Floats:
        return vec(-self.pose.sway * 0.4, 0.0, 0.0)

    @property
    def waist(self) -> float:
        """Radius of each half of the waist."""
        return 0.067 - 0.01 * self.fem

    @property
    def girth(self) -> float:
        """Radius of each half of the pelvis."""
        return 0.066 + 0.006 * self.fem

    @property
    def shoulders(self) -> float:
        """Half the distance of the shoulders."""
        return 0.089 - 0.013 * self.fem

    def drop(self, side: int) -> float:
        """How much higher than level a shoulder is when the hips lean."""
        return -0.35 * self.pose.sway * side


def draw_build(seed: int) -> Build:
    """The person of a seed."""
    dice = Dice(seed, "person")
    fem = dice.between(0.0, 1.0)
    fem = 0.15 if fem < 0.45 else (0.9 if fem > 0.5 else 0.5)
    fit = dress_up(Dice(seed, "wardrobe"), fem)
    stout = dice.between(0.92, 1.12)
    bulk = fit.ease + (stout - 1) * 0.05
    return Build(fit, draw_pose(dice, bulk, fit.legs == "skirt" or fit.coat_to > 0), fem, stout)


def parts_of(seed: int) -> tuple[list[Part], Floats, Floats]:
    """The parts of a seed's person, where its head is and which way it looks."""
    return parts_of_build(draw_build(seed))


def parts_of_build(build: Build) -> tuple[list[Part], Floats, Floats]:
    """The parts of a person of this build, where its head is and which way it looks."""
    s = Sculpt()
    torso(s, build)
    for k, side in enumerate((-1, 1)):
        shoulder(s, build, side)
        arm(s, build, k, side)
        leg(s, build, k, side)
    seat(s, build)
    skirt_and_coat(s, build)
    at, gaze = head(s, build.fit, build.chest + vec(build.pose.sway * 0.3, 0, 0), build.pose, build.fem)
    return sorted(s.parts, key=lambda part: part.group), at, gaze


def torso(s: Sculpt, build: Build) -> None:
    """Add pelvis, waist and ribs; garments are the same shapes a little larger."""
    hips, chest, w, e = build.hips, build.chest, build.stout, build.fit.ease
    waist, girth = build.waist, build.girth
    shirt, upper = s.layer(TOP, build.fit.top, build.fit.hem), s.layer(TOP, build.fit.top)
    for side in (-1, 1):
        low, high = hips + vec(side * 0.032 * w, 0.515, 0.004), hips * 0.6 + vec(side * 0.006, 0.6, 0.0)
        shirt.cone(low, high, girth * w + e + 0.003, waist * w + e, flat=0.95)
    ribs = chest + vec(0, 0.69, 0.004)
    shirt.cone(hips * 0.5 + vec(0, 0.6, 0.0), ribs, waist * w + e, 0.077 * w + e, flat=0.72)
    upper.cone(ribs, chest + vec(0, 0.762, 0.01), 0.077 * w + e, 0.07 * w + e, flat=0.72)


def shoulder(s: Sculpt, build: Build, side: int) -> None:
    """Add one side of the chest, from the collar bone to the shoulder."""
    chest, wide, drop, e = build.chest, build.shoulders, build.drop(side), build.fit.ease
    top = s.layer(TOP, build.fit.top)
    end = chest + vec(side * wide, 0.797 + drop, 0.012)
    top.cone(chest + vec(side * 0.018, 0.823, 0.014), end, 0.026, 0.036 + e * 0.7)
    end = chest + vec(side * wide * 0.9, 0.785 + drop, 0.008)
    top.cone(chest + vec(side * 0.05, 0.745, -0.004), end, 0.045 + e, 0.036 + e)
    if build.fem > 0.4:
        top.ball(chest + vec(side * 0.036, 0.722, -0.04), (0.037 + e, 0.034 + e, 0.03 + e))


def arm(s: Sculpt, build: Build, k: int, side: int) -> None:
    """Add arm, sleeve and hand number k, and what the hand holds."""
    fit, pose, e = build.fit, build.pose, build.fit.ease
    skin, top, sleeve = s.layer(SKIN, fit.skin), s.layer(TOP, fit.top), s.layer(SLEEVES, fit.sleeve_cloth)
    start = build.chest + vec(side * (build.shoulders + 0.012), 0.793 + build.drop(side), 0.012)
    elbow, wrist = bend(start, pose.wrists[k], 0.168, 0.148, pose.poles[k])
    thick = (1.0 - 0.14 * build.fem) * (0.6 + 0.4 * build.stout)
    if fit.sleeve < 2:
        skin.cone(start, elbow, 0.032 * thick, 0.0255 * thick)
        skin.cone(elbow, wrist, 0.0255 * thick, 0.0165)
    if fit.sleeve == 1:
        top.cone(start, start + (elbow - start) * 0.62, 0.037 * thick + e, 0.036 * thick + e)
    elif fit.sleeve == 2:
        sleeve.cone(start, elbow, 0.035 * thick + e, 0.029 * thick + e)
        sleeve.cone(elbow, elbow + (wrist - elbow) * 0.96, 0.029 * thick + e, 0.0215 + e)
    way = (wrist - elbow) / float(np.linalg.norm(wrist - elbow))
    thumb = vec(-side * 0.25, 0.1, -1) if way[1] < 0.3 else vec(-side, 0, -0.3)
    thumb = thumb - way * float(thumb @ way)
    hand(s, wrist, way, thumb / float(np.linalg.norm(thumb)), fit.skin, 0.5 * side if way[1] < 0 else 0.1)
    if pose.phone == k:
        out = np.cross(way, thumb) / float(np.linalg.norm(thumb))
        at = wrist + way * 0.05 - out * 0.015
        s.layer(BAG, Cloth("plain", (0.02, 0.02, 0.025))).cone(at, at + way * 0.05, 0.02, 0.02, thumb, 0.3)
    if fit.bag == k and way[1] < -0.7:
        bag(s.layer(BAG, fit.bag_cloth), wrist + way * 0.06)


def bag(cloth: Layer, grip: Floats) -> None:
    """Add a bag that hangs from a grip by two straps."""
    x, y, z = grip
    for z0, z1 in ((-0.05, -0.055), (0.05, 0.055), (-0.04, 0.05), (0.04, -0.05)):
        cloth.cone(vec(x, y - 0.09, z + z0), vec(x, y - 0.185, z + z1), 0.017, 0.024)
    for dz in (-0.04, 0.04):
        cloth.cone(grip, vec(x, y - 0.085, z + dz), 0.004, 0.004)


def leg(s: Sculpt, build: Build, k: int, side: int) -> None:
    """Add leg, trouser and shoe number k."""
    fit, pose, w = build.fit, build.pose, build.stout
    hip = build.hips + vec(side * 0.044 * w, 0.505 + 0.3 * pose.sway * side, 0.004)
    knee, ankle = bend(hip, pose.ankles[k], 0.236, 0.236, pose.knees[k])
    if fit.legs != "trousers":
        bare_leg(s, fit, hip, knee, ankle, w)
    if fit.legs == "trousers":
        f = fit.flare
        s.layer(BOTTOM, fit.bottom).cone(hip, knee, 0.0555 * w + f * 0.4, 0.0395 + f)
        turn_up = s.layer(BOTTOM, fit.bottom, float(ankle[1]) - 0.022)
        turn_up.cone(knee, ankle + vec(0, -0.012, 0.004), 0.0365 + f, 0.0285 + f * 1.4)
    elif fit.legs == "shorts":
        s.layer(BOTTOM, fit.bottom, float(hip[1] - 0.19)).cone(hip, hip + (knee - hip) * 0.82, 0.0565 * w, 0.055)
    toe = turn(-pose.toes[k])[2] * -1.0
    heel, ball = ankle + vec(0, -0.026, 0.012), vec(ankle[0], ankle[1] - 0.031, ankle[2]) + toe * 0.085
    if ankle[1] > 0.06:
        ball = ball - vec(0, 0.03, 0)
    shoe = s.layer(SHOES, fit.shoes)
    shoe.cone(heel, ball, 0.0225, 0.019, np.cross(toe, vec(0, 1, 0)), 0.95)
    shoe.cone(ball, ball + toe * 0.03, 0.0195, 0.013)
    shoe.cone(ankle + vec(0, fit.boot, 0), ankle + vec(0, -0.018, -0.006), 0.024, 0.025)
    shoe.cone(ankle + toe * 0.012, ball, 0.02, 0.016)


def bare_leg(s: Sculpt, fit: Outfit, hip: Floats, knee: Floats, ankle: Floats, stout: float) -> None:
    """Add thigh, shin and calf as far as they show.

    Under a skirt there is no leg: where the thigh moves, it must not come through the cloth.
    """
    skin, limit = s.layer(SKIN, fit.leg_cloth), fit.skirt_to + 0.012 if fit.legs == "skirt" else 9.0
    calf = (ankle - knee) * 0.2 + vec(0, 0, 0.008), (ankle - knee) * 0.5 + vec(0, 0, 0.006)
    below(skin, limit, hip, knee, 0.052 * stout, 0.0335)
    below(skin, limit, knee, ankle, 0.0325, 0.0195)
    below(skin, limit, knee + calf[0], knee + calf[1], 0.0285, 0.024)


def below(skin: Layer, limit: float, a: Floats, b: Floats, r1: float, r2: float) -> None:
    """Add a cone from a down to b, but only its part under the height `limit`."""
    if b[1] >= limit:
        return
    k = float(np.clip((a[1] - limit) / (a[1] - b[1]), 0.0, 0.98)) if a[1] > b[1] else 0.0
    skin.cone(a + (b - a) * k, b, r1 + (r2 - r1) * k, r2)


def seat(s: Sculpt, build: Build) -> None:
    """Add the upper part of trousers, shorts or skirt."""
    hips, w = build.hips, build.stout
    bottom = s.layer(BOTTOM, build.fit.bottom)
    for side in (-1, 1):
        low, high = hips + vec(side * 0.03 * w, 0.512, 0.004), hips * 0.7 + vec(side * 0.006, 0.585, 0.0)
        bottom.cone(low, high, build.girth * w, build.waist * w, flat=0.82)


def skirt_and_coat(s: Sculpt, build: Build) -> None:
    """Add what hangs from the waist, if anything does."""
    fit, sway, hips, w = build.fit, build.pose.sway, build.hips, build.stout
    if fit.legs == "skirt":
        skirt = s.layer(BOTTOM, fit.bottom, fit.skirt_to, 0.009)
        low, high = vec(sway * 0.5, fit.skirt_to - 0.09, 0.0), hips * 0.7 + vec(0, 0.6, 0.0)
        skirt.cone(low, high, 0.122 * w + fit.flare, (build.waist + 0.004) * w, flat=0.96)
    if fit.coat_to > 0:
        coat = s.layer(TOP, fit.top, fit.coat_to, 0.005)
        low, high = vec(sway * 0.5, fit.coat_to - 0.08, 0.0), hips * 0.7 + vec(0, 0.62, 0.0)
        coat.cone(low, high, 0.118 * w + fit.ease, build.waist * w + fit.ease + 0.006, flat=0.95)


def figure_of(person: PersonAt) -> Figure:
    """The figure of a person at its place in the world."""
    parts, at, gaze = parts_of(person.seed)
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


def with_person(stage: Stage, person: PersonAt) -> Stage:
    """The stage with this person on its floor, in the place of any other; nothing else of it changes."""
    return replace(stage, figure=figure_of(person))
