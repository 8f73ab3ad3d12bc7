"""Rooms as people live in them: deeper, with other floors, more furniture anywhere, and things left lying about."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from figureground.drawn import (
    CEILING,
    FLOOR,
    LABELS,
    Colour,
    Dice,
    Kit,
    Material,
    Place,
    Solid,
    Stage,
    decor,
    furniture,
    palette,
)

_FLOORS = ("planks", "herringbone", "tiles", "carpet", "paint", "fabric", "checks", "marble", "wood", "plain")
_SCALES = {"planks": (0.07, 0.22), "herringbone": (0.06, 0.14), "tiles": (0.1, 0.8), "checks": (0.1, 0.6)}
_CLOTHS = ("plain", "plain", "fabric", "stripes", "checks", "wood", "leaves", "marble", "paint")
_NO_SHADOW = 0.22  # metres: smaller things throw no shadow, which halves the time that light takes
_TOPS = {LABELS[n] for n in ("table", "cabinet", "shelf")}


def colour(dice: Dice) -> Colour:
    """Return a linear colour: any hue, mostly pale or muted, as things at home are."""
    light, vivid = dice.between(0.02, 0.8), dice.between(0, 1) ** 2
    r, g, b = (light * (1 - vivid * dice.between(0, 0.9)) for _ in range(3))
    return r, g, b


def cloth(dice: Dice, patterns: tuple[str, ...] = _CLOTHS) -> Material:
    """Return any surface of these patterns."""
    pattern = dice.pick(patterns)
    low, high = _SCALES.get(pattern, (0.04, 0.3))
    colours = tuple(colour(dice) for _ in range(3))
    gloss = dice.between(0, 0.8) if dice.chance(0.4) else 0.0
    return Material(pattern, colours, dice.between(low, high), dice.whole(0, 99), gloss)


def thing(kit: Kit, dice: Dice, y: float, size: float) -> None:
    """Add one thing about `size` metres large that stands at height y: a box, a ball, a pot, a cushion, a pile."""
    kind, made = dice.pick(["box", "box", "ball", "cone", "soft", "pile", "bottle"]), cloth(dice)
    a, b, h = (size * dice.between(0.25, 0.75) for _ in range(3))
    spin: Place = (dice.between(-90, 90), 0.0, 0.0)
    if kind == "box":
        kit.box("decor", (0, y + h, 0), (a, h, b), made, spin)
    elif kind == "ball":
        kit.ball("decor", (0, y + h, 0), (a, h, a), made)
    elif kind == "cone":
        kit.cone("decor", (0, y + h, 0), (a, h, a * dice.between(0.4, 1.4)), made)
    elif kind == "soft":
        kit.soft("decor", (0, y + h * 0.7, 0), (a, h * 0.7, b), made, (4, 4), spin)
    elif kind == "pile":
        for k in range(dice.whole(2, 5)):
            w = size * dice.between(0.3, 0.45)
            kit.box("decor", (0, y + size * (0.06 + 0.12 * k), 0), (w, size * 0.055, w * 0.75), cloth(dice), spin)
    else:
        kit.cone("decor", (0, y + size * 0.3, 0), (size * 0.12, size * 0.3, size * 0.12), made)
        kit.cone("decor", (0, y + size * 0.75, 0), (size * 0.05, size * 0.16, size * 0.04), made)


def bed(kit: Kit, dice: Dice) -> None:
    """Add a bed, its head to the back."""
    w, h = dice.between(0.45, 0.95), dice.between(0.3, 0.55)
    kit.box("cabinet", (0, h * 0.4, 0), (w, h * 0.4, 1.02), cloth(dice))
    kit.soft("sofa", (0, h, 0), (w - 0.01, 0.14, 1.0), cloth(dice), (16, 4))
    kit.soft("sofa", (0, h + 0.06, -0.3), (w + 0.02, 0.13, 0.72), cloth(dice), (8, 4))
    for side in (-1, 1) if w > 0.6 else (0,):
        kit.soft("sofa", (side * w * 0.5, h + 0.2, 0.75), (min(w, 0.36), 0.09, 0.22), cloth(dice), (4, 4), (0, -20, 0))
    kit.box("cabinet", (0, dice.between(0.35, 0.6), 1.06), (w, dice.between(0.35, 0.6), 0.04), cloth(dice))


def counter(kit: Kit, dice: Dice) -> None:
    """Add a run of kitchen units, with wall units above it some of the time."""
    w, door, top = dice.between(0.6, 1.6), cloth(dice), cloth(dice)
    kit.box("cabinet", (0, 0.48, 0), (w, 0.4, 0.3), door)
    kit.box("cabinet", (0, 0.9, -0.01), (w + 0.01, 0.02, 0.32), top)
    for k in range(1, max(2, int(w / 0.3))):
        x = -w + 2 * w * k / max(2, int(w / 0.3))
        kit.box("cabinet", (x, 0.48, -0.301), (0.004, 0.39, 0.002), Material("plain", ((0.02, 0.02, 0.02),)))
    if dice.chance(0.6):
        kit.box("cabinet", (0, 1.85, 0.12), (w, 0.36, 0.17), door)


def furnishing(kit: Kit, dice: Dice, seed: int) -> None:
    """Add one large piece of furniture, in materials of a room of its own."""
    look = palette(Dice(seed, "palette"))
    kind = dice.whole(0, 14)
    if kind == 0:
        furniture.sofa(kit, dice, look, dice.between(1.3, 2.2))
    elif kind in (1, 2):
        furniture.armchair(kit, dice, look)
    elif kind in (3, 4):
        furniture.chair(kit, dice, look, dice.whole(0, 1))
    elif kind == 5:
        furniture.coffee_table(kit, dice, look)
    elif kind in (6, 11):
        furniture.dining(kit, dice, look)
    elif kind == 7:
        furniture.shelf(kit, dice, look, dice.between(0.6, 1.2), dice.between(0.8, 2.1), 0.5)
    elif kind == 8:
        furniture.cabinet(kit, dice, look, dice.between(0.7, 1.5), dice.between(0.4, 1.1))
    elif kind == 9:
        bed(kit, dice)
    elif kind in (10, 12, 13):
        counter(kit, dice)
    else:
        decor.plant(kit, dice, look, dice.between(0.4, 1.7))


def on_top(dice: Dice, solids: tuple[Solid, ...]) -> list[Solid]:
    """Return things that stand on tables and cabinets."""
    made: list[Solid] = []
    for solid in solids:
        half = solid.extent
        flat = abs(float(solid.axes[1, 1])) > 0.999 and min(half[0], half[2]) > 0.18
        if solid.label not in _TOPS or not flat or solid.kind not in ("box", "frustum") or not dice.chance(0.5):
            continue
        top = float(solid.centre[1] + half[1])
        if not 0.25 < top < 1.4:
            continue
        for _ in range(dice.whole(1, 4)):
            x, z = (float(r) * dice.between(-0.75, 0.75) for r in (half[0], half[2]))
            at = solid.centre + np.array([x, 0.0, z]) @ solid.axes
            kit = Kit((float(at[0]), 0.0, float(at[2])))
            thing(kit, dice, top, dice.between(0.06, 0.35))
            made += kit.solids
    return made


def lived_in(stage: Stage, seed: int) -> Stage:
    """Return the room as it might be elsewhere: deeper, its floor another, with more in it and rugs anywhere."""
    dice = Dice(seed, "clutter")
    low, high = np.array(stage.low), np.array(stage.high)
    low[2] -= dice.between(0, 3.5) if dice.chance(0.6) else 0.0
    faces = list(stage.faces)
    if dice.chance(0.65):
        faces[FLOOR] = cloth(dice, _FLOORS)
    for face in range(6):
        if face not in (FLOOR, CEILING) and dice.chance(0.25):
            faces[face] = cloth(dice, ("paint", "paint", "tiles", "stripes", "leaves", "panels"))
    if dice.chance(0.15):
        faces[CEILING] = cloth(dice, ("paint", "wood", "planks"))
    solids, lamps = list(stage.solids), list(stage.lamps)
    solids += on_top(dice, stage.solids)

    def place(margin: float) -> Kit:
        x, z = (dice.between(float(low[k]) + margin, float(high[k]) - margin) for k in (0, 2))
        return Kit((x, 0.0, z), dice.pick([0.0, 90.0, 180.0, -90.0, dice.between(-180, 180)]))

    kits = [place(0.6) for _ in range(dice.whole(0, 6))]
    for k, kit in enumerate(kits):
        furnishing(kit, dice, seed * 16 + k)
        solids += on_top(dice, tuple(kit.solids))
    loose = [place(0.2) for _ in range(dice.pick([0, 1, 3, 6, 12]))]
    for kit in loose:
        thing(kit, dice, 0.0, dice.between(0.08, 0.7))
    rugs = [place(0.8) for _ in range(dice.pick([0, 0, 1, 2]))]
    for kit in rugs:
        flat = cloth(dice, ("carpet", "fabric", "stripes", "checks", "leaves", "plain"))
        if dice.chance(0.3):
            r = dice.between(0.4, 1.3)
            kit.cone("rug", (0, 0.005, 0), (r, 0.005, r), flat, casts=False)
        else:
            kit.box("rug", (0, 0.005, 0), (dice.between(0.3, 1.6), 0.005, dice.between(0.3, 1.2)), flat, casts=False)
    for kit in (*kits, *loose, *rugs):
        solids += kit.solids
        lamps += kit.lamps
    solids = [replace(one, casts=False) if one.casts and one.radius < _NO_SHADOW else one for one in solids]
    return replace(stage, low=low, high=high, faces=tuple(faces), solids=tuple(solids), lamps=tuple(lamps))
