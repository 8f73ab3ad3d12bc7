"""Laying out a room: which furniture stands where, what the light is, and where the camera stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from figureground.drawn import decor, furniture
from figureground.drawn.camera import Camera
from figureground.drawn.kit import Dice, Kit
from figureground.drawn.palette import Palette, palette
from figureground.drawn.raycast import AHEAD, LEFT, RIGHT, Lamp, Stage, Window
from figureground.drawn.solids import Solid
from figureground.drawn.textures import Material, plain, srgb

_VIEWS = {
    "sunny": (("5f93cc", "d4e4ee", "a9b8c2", "6d8a4d", "a9b8c2"), 3.6, (5.2, 5.8, 6.6)),
    "overcast": (("b9c6d2", "e4e8ea", "a3adb3", "5e7353", "a3adb3"), 3.6, (7.0, 7.3, 7.6)),
    "dusk": (("1c2c52", "c98a6a", "1f2740", "10160f", "ffc36b"), 0.5, (0.34, 0.4, 0.66)),
    "night": (("0b1226", "25304d", "0c1120", "070a09", "ffb45c"), 0.42, (0.07, 0.1, 0.2)),
}


@dataclass(frozen=True)
class Hour:
    """The light of one room: sky name, lamp power, sun colour, ambient."""

    sky: str
    power: float
    sun: tuple[float, float, float]
    day: float


def _hour(dice: Dice) -> Hour:
    sky = dice.pick(["sunny", "sunny", "sunny", "sunny", "overcast", "overcast", "dusk", "dusk", "night"])
    if sky == "sunny":
        warm = dice.between(0, 1)
        sun = (24.0, 24.0 * (0.9 - 0.16 * warm), 24.0 * (0.76 - 0.36 * warm))
        return Hour(sky, 1.2 if dice.chance(0.4) else 0.0, sun, 1.0)
    if sky == "overcast":
        return Hour(sky, 1.6 if dice.chance(0.6) else 0.0, (0.0, 0.0, 0.0), 0.8)
    return Hour(sky, 2.6, (0.0, 0.0, 0.0), 0.05)


class _Builder:
    def __init__(self, seed: int) -> None:
        self.dice = Dice(seed, "room")
        self.look: Palette = palette(Dice(seed, "palette"))
        d = self.dice
        self.hour = _hour(d)
        half, self.depth, self.top = d.between(2.0, 2.75), d.between(4.3, 5.7), d.between(2.45, 2.95)
        self.low, self.high = (-half, 0.0, -1.1), (half, self.top, self.depth)
        self.half = half
        self.solids: list[Solid] = []
        self.lamps: list[Lamp] = []
        self.windows: list[Window] = []

    def take(self, kit: Kit) -> None:
        self.solids += kit.solids
        self.lamps += kit.lamps

    def kit(self, x: float, z: float, yaw: float = 0.0) -> Kit:
        return Kit((x, 0.0, z), yaw)

    def window(self, face: int, middle: float, width: float, tall: bool) -> None:
        d = self.dice
        codes, emission, light = _VIEWS[self.hour.sky]
        v0 = 0.06 if tall else d.between(0.75, 0.95)
        v1 = min(self.top - 0.3, d.between(2.1, 2.35))
        view = Material("view", tuple(map(srgb, codes)), seed=d.whole(0, 200), emission=emission)
        panes = (d.whole(2, 3) if width > 1.3 else 2, d.pick([1, 2, 2, 3]))
        w = Window(face, middle - width / 2, middle + width / 2, v0, v1, panes, view, light)
        self.windows.append(w)
        if face == AHEAD:
            kit = self.kit(middle, self.depth)
        else:
            kit = self.kit(-self.half if face == LEFT else self.half, middle, -90 if face == LEFT else 90)
        decor.window_trim(kit, d, self.look, w, d.chance(0.75), self.hour.day)
        self.take(kit)

    def corner(self, side: int, inset: float, allow_shelf: bool) -> None:
        """Something in the far corner on one side (-1 left, 1 right), up to `inset` metres wide."""
        d, x = self.dice, side * (self.half - max(inset, 0.5) / 2)
        kind = d.pick(["lamp", "plant", "lamp", "plant", "both", "shelf" if allow_shelf and inset > 0.75 else "plant"])
        if kind == "shelf":
            kit = self.kit(side * (self.half - inset / 2 - 0.02), self.depth - 0.17)
            furniture.shelf(kit, d, self.look, min(inset - 0.1, 1.0), d.between(1.5, 2.1), 0.75)
            self.take(kit)
            return
        if kind in ("lamp", "both"):
            kit = self.kit(x, self.depth - 0.4)
            decor.floor_lamp(kit, d, self.look, self.hour.power)
            self.take(kit)
        if kind in ("plant", "both"):
            z = self.depth - (0.45 if kind == "plant" else 1.05)
            kit = self.kit(side * (self.half - 0.42), z)
            decor.plant(kit, d, self.look, d.between(0.9, 1.6))
            self.take(kit)

    def beside(self, side: int, free: bool) -> None:
        """Something along a side wall; `free` when there is no window in it."""
        d = self.dice
        yaw, x = 90.0 * side, side * self.half
        z = d.between(self.depth - 2.3, self.depth - 1.7)
        kind = d.pick(["shelf", "cabinet", "art", "nothing"]) if free else d.pick(["cabinet", "nothing", "nothing"])
        if kind == "shelf":
            kit = self.kit(x - side * 0.17, z, yaw)
            furniture.shelf(kit, d, self.look, d.between(0.8, 1.5), d.between(1.0, 2.1), 0.7)
            self.take(kit)
        elif kind == "cabinet":
            kit, h = self.kit(x - side * 0.23, z, yaw), d.between(0.5, 0.78) if free else 0.5
            furniture.cabinet(kit, d, self.look, d.between(1.1, 1.5), h)
            if d.chance(0.6):
                decor.table_lamp(kit, d, self.look, (0.35, h, 0), self.hour.power)
            furniture.vase(kit, d, self.look, (-0.3, h, 0), 0.24)
            self.take(kit)
        if free and kind in ("art", "cabinet"):
            kit = self.kit(x, z, yaw)
            decor.gallery(kit, d, self.look, 1.4, 1.6)
            self.take(kit)

    def lounge(self, x: float, sofa_z: float) -> None:
        """Rug and coffee table before a seat at (x, sofa_z)."""
        d = self.dice
        if d.chance(0.85):
            kit = self.kit(x, sofa_z - 1.25, d.between(-3, 3))
            decor.rug(kit, self.look, d.between(2.0, 2.6), d.between(1.3, 1.7), d.chance(0.25))
            self.take(kit)
        kit = self.kit(x + d.between(-0.1, 0.1), sofa_z - 1.12, d.between(-4, 4))
        furniture.coffee_table(kit, d, self.look)
        self.take(kit)

    def chair_at(self, x: float, z: float, yaw: float) -> None:
        kit = self.kit(x, z, yaw)
        furniture.armchair(kit, self.dice, self.look)
        self.take(kit)

    def sofa_wall(self) -> None:
        d = self.dice
        width = d.between(1.75, 2.3)
        x = d.between(-0.25, 0.25)
        kit = self.kit(x, self.depth - 0.55)
        furniture.sofa(kit, d, self.look, width)
        self.take(kit)
        kit = self.kit(x, self.depth)
        decor.gallery(kit, d, self.look, width, d.between(1.5, 1.65))
        self.take(kit)
        self.lounge(x, self.depth - 0.55)
        for side in (-1, 1):
            self.corner(side, self.half - side * x - width / 2 - 0.05, True)
        if d.chance(0.45):
            side = d.pick([-1, 1])
            self.chair_at(x + side * 1.45, self.depth - 1.9, side * d.between(50, 75))

    def media_wall(self) -> None:
        d, x = self.dice, self.dice.between(-0.3, 0.3)
        width, h = d.between(1.5, 2.0), d.between(0.44, 0.54)
        kit = self.kit(x, self.depth - 0.24)
        furniture.cabinet(kit, d, self.look, width, h)
        black, glass = plain("121212", 0.2), Material("screen", (srgb("0e1114"),), gloss=0.9)
        w = d.between(0.52, 0.66)
        kit.box("television", (0, h + 0.12 + w * 0.57, 0.05), (w, w * 0.57, 0.02), black)
        kit.box("television", (0, h + 0.12 + w * 0.57, 0.028), (w - 0.012, w * 0.57 - 0.012, 0.004), glass, casts=False)
        kit.cone("television", (0, h + 0.06, 0.05), (0.12, 0.07, 0.03), black)
        furniture.vase(kit, d, self.look, (-width / 2 + 0.14, h, 0), 0.2)
        self.take(kit)
        for side in (-1, 1):
            self.corner(side, self.half - side * x - width / 2 - 0.05, True)
        self.lounge(x, self.depth - 0.7)
        side = d.pick([-1, 1])
        self.chair_at(x + side * 1.3, self.depth - 1.75, side * d.between(60, 100))
        if d.chance(0.4):
            self.chair_at(x - side * 1.35, self.depth - 1.85, -side * d.between(60, 100))

    def window_wall(self) -> None:
        d = self.dice
        side = d.pick([-1, 1])
        kit = self.kit(side * (self.half - 0.52), self.depth - 1.85, side * 90.0)
        furniture.sofa(kit, d, self.look, d.between(1.7, 2.1))
        self.take(kit)
        kit = self.kit(side * self.half, self.depth - 1.85, side * 90.0)
        decor.gallery(kit, d, self.look, 1.8, 1.6)
        self.take(kit)
        kit = self.kit(side * (self.half - 1.7), self.depth - 1.85, d.between(84, 96))
        decor.rug(kit, self.look, d.between(1.8, 2.2), d.between(1.2, 1.5), d.chance(0.25))
        furniture.coffee_table(kit, d, self.look)
        self.take(kit)
        self.corner(side, 0.6, False)
        self.chair_at(-side * (self.half - 0.75), self.depth - 0.95, -side * d.between(25, 55))
        if d.chance(0.5):
            kit = self.kit(-side * (self.half - 0.35), self.depth - 0.35)
            decor.plant(kit, d, self.look, d.between(0.9, 1.5))
            self.take(kit)

    def library_wall(self) -> None:
        d = self.dice
        x = -self.half + 0.1
        while x < self.half - 0.6:
            width = min(d.between(0.8, 1.3), self.half - 0.1 - x)
            kit = self.kit(x + width / 2, self.depth - 0.17)
            furniture.shelf(kit, d, self.look, width - 0.01, min(d.pick([2.05, 2.05, 1.35]), self.top - 0.2), 0.78)
            self.take(kit)
            x += width
        side = d.pick([-1, 1])
        self.chair_at(side * d.between(0.5, 0.9), self.depth - 1.3, side * d.between(15, 45))
        kit = self.kit(side * 1.35, self.depth - 0.85)
        decor.floor_lamp(kit, d, self.look, self.hour.power)
        self.take(kit)
        kit = self.kit(0, self.depth - 1.75, d.between(-5, 5))
        decor.rug(kit, self.look, d.between(1.8, 2.4), d.between(1.2, 1.6), d.chance(0.3))
        if d.chance(0.6):
            furniture.coffee_table(kit, d, self.look)
        self.take(kit)

    def dining_wall(self) -> None:
        d, x = self.dice, self.dice.between(-0.4, 0.4)
        kit = self.kit(x, self.depth - 1.45, d.pick([0.0, 0.0, 90.0, d.between(-20, 20)]))
        furniture.dining(kit, d, self.look)
        decor.pendant(kit, d, self.look, self.top, self.hour.power)
        if d.chance(0.6):
            decor.rug(kit, self.look, 2.3, 1.7, d.chance(0.3))
        self.take(kit)
        kit, h = self.kit(x + d.between(-0.3, 0.3), self.depth - 0.24), d.between(0.7, 0.85)
        furniture.cabinet(kit, d, self.look, d.between(1.2, 1.7), h)
        decor.table_lamp(kit, d, self.look, (0.42, h, 0), self.hour.power)
        furniture.vase(kit, d, self.look, (-0.4, h, 0), 0.26)
        self.take(kit)
        kit = self.kit(x, self.depth)
        if d.chance(0.4):
            decor.mirror(kit, self.look, 1.6)
        else:
            decor.gallery(kit, d, self.look, 1.5, 1.62)
        self.take(kit)
        for side in (-1, 1):
            self.corner(side, 0.8, False)


def furnish(seed: int) -> tuple[Stage, Camera]:
    """The room of a seed, without a person, and the camera that it was made to be seen by."""
    b = _Builder(seed)
    d = b.dice
    scheme = d.pick(["sofa", "sofa", "sofa", "media", "media", "window", "window", "library", "dining", "dining"])
    side = d.pick([-1, 1])
    if scheme == "window":
        b.window(AHEAD, d.between(-0.3, 0.3), d.between(1.5, 2.4), d.chance(0.5))
    else:
        face = LEFT if side < 0 else RIGHT
        b.window(face, b.depth - d.between(1.5, 2.3), d.between(1.3, 2.0), d.chance(0.4))
    getattr(b, f"{scheme}_wall")()
    if scheme != "window":
        b.beside(side, False)
        b.beside(-side, True)
    if scheme in ("sofa", "window") and d.chance(0.4):
        kit = b.kit(0, b.depth - 1.9)
        decor.pendant(kit, d, b.look, b.top, b.hour.power * 0.7)
        b.take(kit)
    if b.hour.power > 1 and len(b.lamps) == 0:
        b.lamps.append(Lamp((0.0, b.top - 0.25, b.depth - 1.8), (2.6, 1.9, 1.2), 0.15, 0.0))
    b.take(decor.trims(b.low, b.high, b.look, d.chance(0.5)))
    # The sun stands outside the first window, 20 to 45 degrees up, and shines in towards the middle of the room.
    azimuth, height = d.between(-35, 35), d.between(22, 44)
    out = {AHEAD: 0.0, LEFT: -90.0, RIGHT: 90.0}[b.windows[0].face]
    a, e = np.radians(out + azimuth), np.radians(height)
    sun_to = np.array([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)])
    wall, accent = b.look.walls
    trim = b.look.trim if wall.pattern != "paint" else wall
    stage = Stage(
        np.array(b.low),
        np.array(b.high),
        (wall, wall, b.look.floor, b.look.ceiling, trim, accent),
        tuple(b.solids),
        tuple(b.windows),
        tuple(b.lamps),
        sun_to,
        b.hour.sun,
        (0.02, 0.02, 0.022),
    )
    x = d.between(-0.35, 0.35) * b.half
    yaw = -x / b.half * d.between(5, 40) + d.between(-5, 5)
    roll = d.between(-1.6, 1.6) if d.chance(0.25) else 0.0
    eye = (x, d.between(1.2, 1.7), d.between(-0.9, -0.1))
    pitch = d.between(2, 9) if eye[1] > 1.4 else d.between(0, 6)
    return stage, Camera(eye, pitch, yaw, roll, d.between(0.74, 1.02))
