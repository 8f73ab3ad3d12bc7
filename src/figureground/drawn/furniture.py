"""Seats, tables and cabinets, each built at the origin of a `Kit` with its back to +z."""

from __future__ import annotations

from figureground.drawn.kit import Dice, Kit
from figureground.drawn.palette import Palette
from figureground.drawn.textures import Material, plain


def _legs(
    kit: Kit, label: str, w: float, d: float, h: float, material: Material, r: float = 0.018, splay: float = 6
) -> None:
    for sx in (-1, 1):
        for sz in (-1, 1):
            kit.cone(label, (sx * w, h / 2, sz * d), (r * 0.65, h / 2, r), material, tilt=(0, -sz * splay, sx * splay))


def _throw(kit: Kit, dice: Dice, palette: Palette, x: float, y: float, z: float) -> None:
    size = dice.between(0.19, 0.25)
    cloth = palette.cushion(dice)
    kit.soft(
        "sofa",
        (x, y + size * 0.9, z),
        (size, size * 0.95, 0.085),
        cloth,
        (4, 4),
        (dice.between(-14, 14), -dice.between(16, 26), dice.between(-9, 9)),
    )


def sofa(kit: Kit, dice: Dice, palette: Palette, width: float) -> None:
    """A sofa `width` metres wide and 0.92 deep: block, slim or rounded arms, two or three seats, throw cushions."""
    cloth, legs = palette.upholstery, palette.wood_dark if dice.chance(0.6) else plain("1c1a18", 0.3)
    arm = dice.pick([0.09, 0.13, 0.17])
    seat_y, arm_y, back_y = 0.43, dice.between(0.56, 0.66), dice.between(0.76, 0.88)
    w, d = width / 2, 0.46
    _legs(kit, "sofa", w - 0.1, d - 0.08, 0.16, legs, 0.022)
    kit.soft("sofa", (0, 0.23, 0), (w - 0.02, 0.1, d - 0.02), cloth, (16, 16))
    kit.soft(
        "sofa", (0, (0.16 + back_y) / 2, d - 0.1), (w - 0.01, (back_y - 0.14) / 2, 0.11), cloth, (8, 8), (0, -6, 0)
    )
    for side in (-1, 1):
        kit.soft(
            "sofa", (side * (w - arm), (0.14 + arm_y) / 2, -0.01), (arm, (arm_y - 0.12) / 2, d - 0.01), cloth, (8, 8)
        )
    seats = 2 if width < 1.9 else dice.pick([2, 3])
    inner = w - 2 * arm
    for i in range(seats):
        x = -inner + inner * (2 * i + 1) / seats
        kit.soft("sofa", (x, seat_y - 0.02, -0.07), (inner / seats - 0.004, 0.085, 0.385), cloth, (8, 4))
        kit.soft("sofa", (x, seat_y + 0.26, 0.245), (inner / seats - 0.012, 0.24, 0.095), cloth, (8, 4), (0, -12, 0))
    for side in (-1, 1):
        if dice.chance(0.85):
            _throw(kit, dice, palette, side * (inner - dice.between(0.2, 0.3)), seat_y + 0.06, 0.08)
    if dice.chance(0.5):
        _throw(kit, dice, palette, dice.between(-0.3, 0.3) * inner, seat_y + 0.06, 0.06)
    if dice.chance(0.35):
        side, blanket = dice.pick([-1, 1]), palette.cushion(dice)
        kit.soft("sofa", (side * (w - arm), arm_y - 0.1, -0.08), (arm + 0.012, 0.125, 0.2), blanket, (16, 16))


def armchair(kit: Kit, dice: Dice, palette: Palette) -> None:
    """An upholstered easy chair about 0.8 m wide, on wooden legs."""
    cloth, wood = palette.accent_cloth, palette.wood_dark
    if dice.chance(0.5):
        _legs(kit, "armchair", 0.27, 0.27, 0.2, wood, 0.02, 9)
        kit.soft("armchair", (0, 0.27, 0), (0.36, 0.085, 0.36), cloth, (8, 8))
        kit.soft("armchair", (0, 0.4, -0.04), (0.3, 0.075, 0.33), cloth, (8, 4))
        kit.soft("armchair", (0, 0.6, 0.3), (0.35, 0.32, 0.085), cloth, (4, 4), (0, -14, 0))
        for side in (-1, 1):
            kit.soft(
                "armchair", (side * 0.345, 0.43, 0.02), (0.065, 0.2, 0.34), cloth, (8, 8), (side * 5, 0, -side * 5)
            )
    else:
        for side in (-1, 1):
            kit.box("armchair", (side * 0.34, 0.57, -0.02), (0.028, 0.014, 0.36), wood)
            kit.cone("armchair", (side * 0.34, 0.28, -0.32), (0.014, 0.29, 0.02), wood, (0, 6, 0))
            kit.cone("armchair", (side * 0.34, 0.29, 0.3), (0.014, 0.3, 0.02), wood, (0, -14, 0))
            kit.box("armchair", (side * 0.34, 0.28, -0.01), (0.016, 0.022, 0.33), wood)
        kit.soft("armchair", (0, 0.37, -0.03), (0.3, 0.085, 0.34), cloth, (8, 4), (0, -6, 0))
        kit.soft("armchair", (0, 0.68, 0.27), (0.3, 0.33, 0.08), cloth, (8, 4), (0, -18, 0))
    if dice.chance(0.6):
        kit.soft("armchair", (0, 0.62, 0.12), (0.2, 0.19, 0.08), palette.cushion(dice), (4, 4), (0, -22, 4))


def chair(kit: Kit, dice: Dice, palette: Palette, style: int) -> None:
    """A dining chair 0.45 m wide; style 0 wooden with slats, 1 upholstered, 2 moulded shell."""
    wood = palette.wood
    if style == 0:
        kit.box("chair", (0, 0.455, 0), (0.21, 0.016, 0.2), wood)
        for side in (-1, 1):
            kit.cone("chair", (side * 0.18, 0.22, -0.17), (0.013, 0.225, 0.018), wood)
            kit.cone("chair", (side * 0.18, 0.44, 0.19), (0.014, 0.44, 0.016), wood, (0, -4, 0))
        for y in (0.62, 0.72, 0.83):
            kit.box("chair", (0, y, 0.2 + (y - 0.44) * 0.07), (0.17, 0.028, 0.009), wood)
        return
    _legs(kit, "chair", 0.17, 0.17, 0.44, wood if style == 2 else palette.metal, 0.017, 7)
    cloth = (
        palette.accent_cloth
        if style == 1
        else plain(dice.pick(["e9e6df", "e9e6df", "2b2b2c", "8fa39a", "c7734f"]), 0.25)
    )
    kit.soft("chair", (0, 0.46, -0.01), (0.225, 0.045, 0.22), cloth, (4, 4))
    kit.soft("chair", (0, 0.68, 0.21), (0.21, 0.21, 0.035), cloth, (4, 4), (0, -10, 0))


def coffee_table(kit: Kit, dice: Dice, palette: Palette) -> None:
    """A low table with a few things on it: rectangular, round, or two nested rounds."""
    top = dice.pick([palette.wood, palette.wood_dark, palette.stone])
    style, h = dice.whole(0, 3), dice.between(0.36, 0.44)
    if style == 0:
        w, d = dice.between(0.48, 0.62), dice.between(0.26, 0.33)
        kit.box("table", (0, h, 0), (w, 0.018, d), top)
        kit.box("table", (0, 0.14, 0), (w - 0.06, 0.01, d - 0.05), top)
        for sx in (-1, 1):
            for sz in (-1, 1):
                kit.box("table", (sx * (w - 0.03), h / 2, sz * (d - 0.03)), (0.017, h / 2, 0.017), palette.metal)
    elif style == 1:
        w = 0.42
        kit.cone("table", (0, h, 0), (w, 0.017, w), top)
        _legs(kit, "table", 0.25, 0.25, h - 0.01, palette.wood_dark, 0.02, 10)
    elif style == 2:
        w = 0.38
        kit.cone("table", (0, h / 2, 0), (w * 0.93, h / 2, w), top)
        kit.cone("table", (0.5, 0.24, -0.08), (0.2, 0.24, 0.22), palette.wood_dark)
    else:
        w = 0.55
        kit.soft("table", (0, h, 0), (w, 0.022, 0.33), top, (4, 4))
        for side in (-1, 1):
            kit.box("table", (side * 0.36, h / 2, 0), (0.02, h / 2 - 0.01, 0.24), top)
    y = h + 0.018
    book = (plain(dice.pick(["b5533c", "33475b", "d9c9a8"])), plain("ece6da"))
    kit.box(
        "decor", (-0.16, y + 0.016, 0.05), (0.13, 0.015, 0.095), book[0], (dice.between(-25, 25), 0, 0), casts=False
    )
    kit.box("decor", (-0.15, y + 0.042, 0.05), (0.11, 0.011, 0.08), book[1], (dice.between(-25, 25), 0, 0), casts=False)
    if dice.chance(0.6):
        vase(kit, dice, palette, (0.14, y, 0.02), 0.17)
    else:
        kit.cone("decor", (0.15, y + 0.03, 0), (0.05, 0.03, 0.11), palette.ceramic)
    if style == 0 and dice.chance(0.7):
        kit.cone("decor", (0.34, y + 0.045, -0.1), (0.03, 0.042, 0.038), palette.ceramic, casts=False)


def vase(kit: Kit, dice: Dice, palette: Palette, at: tuple[float, float, float], h: float) -> None:
    """A vase of height h with twigs or flowers."""
    x, y, z = at
    kit.ball("decor", (x, y + h * 0.42, z), (h * 0.38, h * 0.43, h * 0.38), palette.ceramic)
    kit.cone("decor", (x, y + h * 0.85, z), (h * 0.13, h * 0.15, h * 0.2), palette.ceramic)
    tone = plain(dice.pick(["c98b6b", "e8d9c4", "7d8f5a", "b4506a", "d9a441"]))
    for i in range(7):
        lean, spin = dice.between(4, 24), 51.0 * i + dice.between(-15, 15)
        top = h * dice.between(1.0, 1.7)
        kit.cone(
            "decor",
            (x, y + h * 0.9 + top * 0.35, z),
            (0.003, top * 0.5, 0.003),
            plain("5c5a34"),
            (spin, lean, 0),
            casts=False,
        )
        tip = Kit((0, 0, 0), spin)
        dx, _, dz = tip.world(0, 0, -top * 0.85 * lean / 57.3)
        kit.ball("decor", (x - dx, y + h * 0.9 + top * 0.85, z - dz), (0.022, 0.034, 0.022), tone, casts=False)


def books(kit: Kit, dice: Dice, palette: Palette, x0: float, x1: float, y: float, depth: float, room: float) -> None:
    """A row of books from x0 to x1 standing at height y, at most `room` tall, some lying flat."""
    x, front = x0 + 0.01, -depth + 0.03
    while x < x1 - 0.05:
        if dice.chance(0.07):
            x += dice.between(0.05, 0.15)
            continue
        if dice.chance(0.08) and x < x1 - 0.24:
            for k in range(dice.whole(2, 3)):
                kit.box(
                    "books",
                    (x + 0.11, y + 0.018 + 0.034 * k, front + 0.08),
                    (0.1, 0.016, 0.075),
                    palette.book(dice),
                    (dice.between(-7, 7), 0, 0),
                    casts=False,
                )
            x += 0.24
            continue
        w, h, d = dice.between(0.011, 0.026), room * dice.between(0.6, 0.92), dice.between(0.075, 0.1)
        kit.box("books", (x + w, y + h / 2, front + d), (w, h / 2, d), palette.book(dice), casts=False)
        x += 2 * w + 0.002


def shelf(kit: Kit, dice: Dice, palette: Palette, width: float, height: float, crowded: float) -> None:
    """An open bookcase 0.3 m deep with books, vases and boxes; `crowded` is the share of cells full of books."""
    wood, w, d = palette.wood if dice.chance(0.6) else palette.joinery, width / 2, 0.15
    rows, columns = max(int(height / 0.36), 2), 1 if width < 0.9 else 2
    gap = height / rows
    kit.box("shelf", (0, height / 2, d - 0.006), (w - 0.005, height / 2 - 0.005, 0.006), wood)
    for i in range(columns + 1):
        kit.box("shelf", (-w + 0.012 + (2 * w - 0.024) * i / columns, height / 2, 0), (0.012, height / 2, d), wood)
    for j in range(rows + 1):
        kit.box("shelf", (0, max(j * gap - 0.012, 0.04), 0), (w - 0.002, 0.012, d - 0.002), wood)
    for j in range(rows):
        for i in range(columns):
            x0, x1 = -w + 2 * w * i / columns + 0.03, -w + 2 * w * (i + 1) / columns - 0.03
            y, room = max(j * gap, 0.052), gap - 0.03
            if dice.chance(crowded):
                end = x0 + (x1 - x0) * dice.pick([1.0, 1.0, 0.7])
                books(kit, dice, palette, x0, end, y, d, room)
                if end < x1 - 0.1:
                    kit.ball("decor", ((end + x1) / 2, y + 0.07, 0), (0.06, 0.07, 0.06), palette.ceramic)
            elif dice.chance(0.4):
                kit.box(
                    "decor", ((x0 + x1) / 2, y + room * 0.33, 0), ((x1 - x0) * 0.4, room * 0.33, 0.12), palette.basket
                )
            elif dice.chance(0.6):
                vase(kit, dice, palette, ((x0 + x1) / 2, y, -0.02), room * 0.45)


def cabinet(kit: Kit, dice: Dice, palette: Palette, width: float, height: float) -> None:
    """A low cabinet (sideboard, media unit) 0.42 m deep on short legs with doors or drawers."""
    wood, w, d = palette.wood if dice.chance(0.65) else palette.joinery, width / 2, 0.21
    base = 0.14
    _legs(kit, "cabinet", w - 0.08, d - 0.05, base, palette.metal, 0.016, 4)
    kit.box("cabinet", (0, (base + height) / 2, 0), (w, (height - base) / 2, d), wood)
    doors = max(int(width / 0.48), 2)
    rows = dice.pick([1, 1, 2, 3]) if height > 0.55 else 1
    face = palette.joinery if dice.chance(0.3) else wood
    for i in range(doors):
        for j in range(rows):
            cw, ch = w / doors, (height - base - 0.05) / rows / 2
            x, y = -w + cw * (2 * i + 1), base + 0.02 + ch * (2 * j + 1)
            kit.box("cabinet", (x, y, -d - 0.008), (cw - 0.006, ch - 0.005, 0.009), face, casts=False)
            kit.box("cabinet", (x, y + ch * 0.55, -d - 0.022), (0.05, 0.006, 0.006), palette.metal, casts=False)


def dining(kit: Kit, dice: Dice, palette: Palette) -> None:
    """A dining table, round or rectangular, with two to four chairs and a bowl."""
    wood, style = palette.wood, dice.whole(0, 2)
    if dice.chance(0.5):
        kit.cone("table", (0, 0.735, 0), (0.53, 0.016, 0.55), wood)
        kit.cone("table", (0, 0.37, 0), (0.05, 0.36, 0.04), palette.metal)
        kit.cone("table", (0, 0.02, 0), (0.28, 0.02, 0.24), palette.metal)
        seats = [(0.0, -0.62, 180.0), (-0.66, 0.0, 270.0), (0.66, 0.05, 90.0), (0.0, 0.68, 0.0)]
    else:
        kit.box("table", (0, 0.735, 0), (0.75, 0.018, 0.42), wood)
        _legs(kit, "table", 0.66, 0.34, 0.72, wood, 0.032, 5)
        seats = [(-0.35, -0.52, 180.0), (0.35, -0.52, 180.0), (-0.35, 0.55, 0.0), (0.35, 0.55, 0.0)]
    for x, z, yaw in seats[1 if dice.chance(0.4) else 0 :]:
        at = kit.world(x, 0, z)
        seat = Kit((float(at[0]), 0.0, float(at[2])), kit.yaw_deg + yaw + dice.between(-9, 9))
        chair(seat, dice, palette, style)
        kit.solids += seat.solids
    vase(kit, dice, palette, (dice.between(-0.1, 0.1), 0.752, 0), dice.between(0.18, 0.24))
