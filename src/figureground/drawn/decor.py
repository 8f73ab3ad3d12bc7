"""Lamps, plants, pictures, windows with curtains, rugs, and the trim of the room."""

from __future__ import annotations

from math import cos, radians, sin

import numpy as np

from figureground.drawn.kit import Dice, Kit
from figureground.drawn.palette import Palette
from figureground.drawn.raycast import Lamp, Window
from figureground.drawn.textures import Material, plain, srgb

GLOW = (1.0, 0.62, 0.3)


def _shade(lit: float) -> Material:
    return Material("plain", (srgb("f2dcb8"),), emission=0.0 if lit == 0 else 0.6 + 1.1 * lit)


def _lamp(kit: Kit, x: float, y: float, z: float, power: float, radius: float = 0.07, upright: float = 0.72) -> None:
    if power > 0:
        at = kit.world(x, y, z)
        r, g, b = (c * power for c in GLOW)
        kit.lamps.append(Lamp((float(at[0]), float(at[1]), float(at[2])), (r, g, b), radius, upright))


def floor_lamp(kit: Kit, dice: Dice, palette: Palette, power: float) -> None:
    """A standing lamp about 1.6 m tall: straight pole, tripod, or arc."""
    style, h = dice.whole(0, 2), dice.between(1.4, 1.62)
    if style == 1:
        for k in range(3):
            a = 120.0 * k + 20
            lean = 11.0
            x, z = sin(radians(a)) * 0.14, cos(radians(a)) * 0.14
            kit.cone("lamp", (x, (h - 0.15) / 2, z), (0.011, (h - 0.1) / 2, 0.013), palette.wood, (a, -lean, 0))
    else:
        kit.cone("lamp", (0, 0.012, 0), (0.15, 0.012, 0.14), palette.metal)
        kit.cone("lamp", (0, h / 2, 0), (0.011, h / 2, 0.011), palette.metal)
    bottom, top = dice.pick([(0.2, 0.14), (0.19, 0.19), (0.24, 0.16)])
    kit.cone("lamp", (0, h, 0), (bottom, 0.13, top), _shade(power), casts=False)
    _lamp(kit, 0, h, 0, power)


def table_lamp(kit: Kit, dice: Dice, palette: Palette, at: tuple[float, float, float], power: float) -> None:
    """A lamp 0.45 m tall for a cabinet."""
    x, y, z = at
    kit.ball("lamp", (x, y + 0.11, z), (0.075, 0.11, 0.075), palette.ceramic)
    kit.cone("lamp", (x, y + 0.24, z), (0.01, 0.05, 0.01), palette.metal)
    kit.cone("lamp", (x, y + 0.36, z), (0.15, 0.09, 0.1), _shade(power), casts=False)
    _lamp(kit, x, y + 0.36, z, power * 0.6)


def pendant(kit: Kit, dice: Dice, palette: Palette, ceiling: float, power: float) -> None:
    """A lamp hanging from the ceiling: a globe, a dome or a drum."""
    style, y = dice.whole(0, 2), ceiling - dice.between(0.6, 0.85)
    kit.cone("lamp", (0, (y + ceiling) / 2, 0), (0.006, (ceiling - y) / 2, 0.006), palette.metal, casts=False)
    kit.cone("lamp", (0, ceiling - 0.015, 0), (0.05, 0.015, 0.06), palette.metal, casts=False)
    if style == 0:
        kit.ball("lamp", (0, y, 0), (0.17, 0.17, 0.17), _shade(power), casts=False)
        _lamp(kit, 0, y, 0, power, 0.15, 0.0)
    elif style == 1:
        kit.cone("lamp", (0, y, 0), (0.24, 0.1, 0.05), palette.metal, casts=False)
        kit.ball("lamp", (0, y - 0.1, 0), (0.09, 0.05, 0.09), _shade(max(power, 0.0)), casts=False)
        _lamp(kit, 0, y - 0.14, 0, power, 0.08, 0.5)
    else:
        kit.cone("lamp", (0, y, 0), (0.26, 0.12, 0.26), _shade(power), casts=False)
        _lamp(kit, 0, y, 0, power, 0.1, 0.6)


def plant(kit: Kit, dice: Dice, palette: Palette, height: float) -> None:
    """A potted plant: broad leaves on arching stems, a bush, or tall blades."""
    pot_h = min(0.3, height * 0.3)
    r = pot_h * dice.between(0.5, 0.62)
    pot = palette.ceramic if dice.chance(0.5) else palette.basket
    kit.cone("plant", (0, pot_h / 2, 0), (r * 0.75, pot_h / 2, r), pot)
    kit.cone("plant", (0, pot_h + 0.001, 0), (r * 0.9, 0.004, r * 0.9), plain("2b1d14"), casts=False)
    style = dice.whole(0, 2)
    greens = dice.pick([("3f5f34", "587a45", "2e4a2b"), ("5c7a4a", "7d9a5c", "47633b"), ("2f5138", "44704c", "23402c")])
    count = 26 if style != 2 else 13
    for i in range(count):
        spin = 137.5 * i + dice.between(-20, 20)
        leaf = plain(greens[i % 3], 0.12)
        level = (i + 0.5) / count
        if style == 2:
            reach = height - pot_h
            length = reach * dice.between(0.55, 1.0)
            lean = dice.between(3, 17)
            out = sin(radians(lean)) * length * 0.5
            kit.ball(
                "plant",
                (sin(radians(spin)) * out, pot_h + length * 0.48, cos(radians(spin)) * out),
                (0.035, length * 0.52, 0.009),
                leaf,
                (spin, -lean, 0),
            )
            continue
        size = height * dice.between(0.075, 0.115) * (1.15 if style == 0 else 0.8)
        y = pot_h + (height - pot_h) * (0.18 + 0.82 * level)
        spread = height * (0.2 if style == 0 else 0.24) * (1.0 - 0.55 * level) * dice.between(0.6, 1.1)
        x, z = sin(radians(spin)) * spread, cos(radians(spin)) * spread
        pitch = dice.between(35, 75)
        kit.ball("plant", (x, y, z), (size * 0.55, size * 1.1, size * 0.09), leaf, (spin, -pitch, 0))
        if i % 3 == 0:
            lean = np.degrees(np.arctan2(spread, y - pot_h))
            length = float(np.hypot(spread, y - pot_h)) / 2
            kit.cone(
                "plant",
                (x / 2, (pot_h + y) / 2, z / 2),
                (0.007, length, 0.004),
                plain("5a4a2e"),
                (spin, -float(lean), 0),
                casts=False,
            )
    if style != 2:
        kit.cone(
            "plant", (0, pot_h + (height - pot_h) * 0.35, 0), (0.014, (height - pot_h) * 0.4, 0.008), plain("5a4630")
        )


def picture(kit: Kit, dice: Dice, palette: Palette, x: float, y: float, w: float, h: float) -> None:
    """A framed picture on the wall behind the kit's origin (z = 0 is the wall)."""
    frame = dice.pick([palette.wood, palette.wood_dark, plain("1b1a19"), plain("efeae0"), plain("b08d57", 0.3)])
    kit.box("picture", (x, y, -0.013), (w, h, 0.012), frame)
    kit.box("picture", (x, y, -0.021), (w - 0.022, h - 0.022, 0.006), palette.art(dice), casts=False)


def gallery(kit: Kit, dice: Dice, palette: Palette, width: float, y: float) -> None:
    """One large picture, a pair, a row of three, or a cluster, centred at height y."""
    kind = dice.whole(0, 3)
    if kind == 0:
        picture(kit, dice, palette, 0, y, min(width * 0.3, 0.6), dice.between(0.3, 0.42))
    elif kind == 1:
        for side in (-1, 1):
            picture(kit, dice, palette, side * 0.34, y, 0.27, 0.36)
    elif kind == 2:
        for k in (-1, 0, 1):
            picture(kit, dice, palette, k * 0.52, y, 0.21, 0.29)
    else:
        for px, py, w, h in (
            (-0.42, 0.0, 0.28, 0.36),
            (0.08, 0.18, 0.17, 0.2),
            (0.08, -0.21, 0.17, 0.14),
            (0.46, 0.03, 0.16, 0.24),
        ):
            picture(kit, dice, palette, px, y + py, w, h)


def mirror(kit: Kit, palette: Palette, y: float) -> None:
    """A round mirror with a thin rim."""
    for r, z, material in ((0.34, -0.01, palette.metal), (0.32, -0.016, plain("b9bfc0", 1.0))):
        kit.cone("picture", (0, y, z), (r, 0.01, r), material, (0, 90, 0), casts=False)


def window_trim(kit: Kit, dice: Dice, palette: Palette, window: Window, curtains: bool, day: float) -> None:
    """Frame, glazing bars, sill and curtains; the kit stands at the wall below the middle of the window."""
    w, v0, v1 = (window.u1 - window.u0) / 2, window.v0, window.v1
    mid, h, trim = (v0 + v1) / 2, (v1 - v0) / 2, palette.trim
    for side in (-1, 1):
        kit.box("window", (side * (w + 0.03), mid, -0.02), (0.04, h + 0.07, 0.03), trim, casts=False)
        kit.box("window", (0, mid + side * (h + 0.03), -0.02), (w + 0.07, 0.04, 0.03), trim, casts=False)
    for k in range(1, window.panes[0]):
        kit.box("window", (-w + 2 * w * k / window.panes[0], mid, -0.008), (0.02, h, 0.018), trim, casts=False)
    for k in range(1, window.panes[1]):
        kit.box("window", (0, v0 + 2 * h * k / window.panes[1], -0.008), (w, 0.016, 0.016), trim, casts=False)
    if v0 > 0.3:
        kit.box("window", (0, v0 - 0.06, -0.07), (w + 0.1, 0.018, 0.09), trim)
    if not curtains:
        return
    top, cloth = v1 + 0.16, palette.curtain
    lit = Material(cloth.pattern, cloth.colours, emission=0.1 * day, seed=cloth.seed)
    kit.cone("curtain", (0, top + 0.01, -0.11), (0.012, w + 0.4, 0.012), palette.metal, (0, 0, 90), casts=False)
    folds = dice.whole(5, 7)
    for side in (-1, 1):
        for k in range(folds):
            x = side * (w + 0.3 - k * 0.065) + dice.between(-0.008, 0.008)
            deep = dice.between(0.035, 0.05)
            kit.cone("curtain", (x, top / 2 + 0.01, -0.11 - 0.018 * (k % 2)), (deep, top / 2 - 0.01, deep * 0.72), lit)


def rug(kit: Kit, palette: Palette, width: float, depth: float, round_: bool) -> None:
    """A flat rug 1 cm thick."""
    if round_:
        flat = Material("carpet", palette.rug.colours, seed=palette.rug.seed)
        edge = Material("carpet", palette.rug.colours[1:], seed=palette.rug.seed)
        kit.cone("rug", (0, 0.005, 0), (width / 2, 0.005, width / 2), edge, casts=False)
        kit.cone("rug", (0, 0.006, 0), (width / 2 - 0.08, 0.005, width / 2 - 0.08), flat, casts=False)
    else:
        kit.box("rug", (0, 0.005, 0), (width / 2, 0.005, depth / 2), palette.rug, casts=False)


def trims(low: tuple[float, ...], high: tuple[float, ...], palette: Palette, cornice: bool) -> Kit:
    """Skirting boards, and a cornice under the ceiling, round the three walls that can be seen."""
    kit = Kit((0, 0, 0))
    width, depth = (high[0] - low[0]) / 2, (high[2] - low[2]) / 2
    cx, cz = (high[0] + low[0]) / 2, (high[2] + low[2]) / 2
    runs = [((cx, high[2]), (width, 0.0)), ((low[0], cz), (0.0, depth)), ((high[0], cz), (0.0, depth))]
    for (x, z), (hx, hz) in runs:
        kit.box("trim", (x, 0.05, z), (hx + 0.013, 0.05, hz + 0.013), palette.trim, casts=False)
        kit.box("trim", (x, 0.104, z), (hx + 0.009, 0.006, hz + 0.009), palette.trim, casts=False)
        if cornice:
            kit.box("trim", (x, high[1] - 0.03, z), (hx + 0.07, 0.03, hz + 0.07), palette.trim, casts=False)
            kit.box("trim", (x, high[1] - 0.075, z), (hx + 0.03, 0.02, hz + 0.03), palette.trim, casts=False)
    return kit
