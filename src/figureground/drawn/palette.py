"""Colour schemes: which walls, floors, cloths and woods go together."""

from __future__ import annotations

from dataclasses import dataclass, replace

from figureground.drawn.kit import Dice
from figureground.drawn.textures import Material, plain, srgb

# name: wall, second wall or paper, floor woods or tiles, upholstery, accents
_SCHEMES: dict[str, tuple[str, str, str, tuple[str, ...], tuple[str, ...]]] = {
    "linen": ("e8e0d2", "d6c8b2", "c3ae93", ("cfc3b0", "a99b86", "e0d8ca"), ("b4633f", "5d6b57", "d8b26e", "2f3f4c")),
    "sage": ("b9c0a8", "9aa68a", "dcd8c8", ("d8cdb8", "6e7b62", "c49a6c"), ("c9823f", "e6dcc4", "51604c", "a3523c")),
    "dusk blue": (
        "7d93a3",
        "546a7b",
        "d7d9d6",
        ("3f566b", "c6b9a4", "a7b2b8"),
        ("d28e4e", "ead9bd", "b1503f", "2c3a47"),
    ),
    "terracotta": (
        "d9a488",
        "c07a58",
        "ead8c5",
        ("e3d2bc", "9a4f35", "6c7a66"),
        ("2f5250", "e5b56a", "f0e4d3", "7b3524"),
    ),
    "blush": ("e4cbbf", "d4ac9d", "f0e6dd", ("b98b82", "ece2d6", "7c8a86"), ("9c4b4f", "d9b65f", "54656a", "f4ece4")),
    "forest": ("4e6356", "3b4d43", "a9ab94", ("b2673b", "d9cfbb", "39493f"), ("d7a24b", "e9e0cd", "8a3f2c", "9aa58b")),
    "gallery": ("eeece7", "dcdad5", "cfcac0", ("8c8f91", "3a3d41", "d9d5cd"), ("e0b13c", "c4472f", "2d5f7c", "1f2224")),
    "mustard": ("ead9ae", "d2ae5a", "f2ead6", ("51675c", "6f5a46", "e7ddc6"), ("a4432e", "2f4a52", "d9902f", "f3ead6")),
    "plum": ("a08c98", "6d5566", "d9cfd3", ("5a3f52", "d8cbc6", "8c98a2"), ("d6a35c", "eadbd2", "89445b", "3c4d59")),
    "sand": ("ddcdb4", "c2a67f", "efe6d6", ("ece4d6", "a97f55", "5a6a70"), ("38606b", "d98c5f", "f2e9dc", "6b4a32")),
}
_WOODS = [("8a5a33", "c4935f"), ("5b3a22", "8f6238"), ("a98257", "dab888"), ("b99a72", "e0c9a4"), ("6b5644", "a08a72")]
_DARKS = [("3a2618", "5f4029"), ("4b2f1c", "7a5030"), ("2a221c", "4a3b30")]


@dataclass(frozen=True)
class Palette:
    """The materials of one room."""

    walls: tuple[Material, Material]
    floor: Material
    ceiling: Material
    trim: Material
    wood: Material
    wood_dark: Material
    joinery: Material
    stone: Material
    metal: Material
    ceramic: Material
    basket: Material
    upholstery: Material
    accent_cloth: Material
    curtain: Material
    rug: Material
    accents: tuple[str, ...]

    def cushion(self, dice: Dice) -> Material:
        """Cloth for a throw cushion or a blanket."""
        code, other = dice.pick(self.accents), dice.pick(self.accents)
        if dice.chance(0.3) and code != other:
            pattern = dice.pick(["stripes", "checks"])
            return Material(pattern, (srgb(code), srgb(other)), scale=dice.between(0.05, 0.1))
        return Material("fabric", (srgb(code),), seed=dice.whole(0, 99))

    def book(self, dice: Dice) -> Material:
        """A book's binding."""
        muted = ("8a3b2e", "2f4858", "d8c7a3", "5d6b4f", "c08a3e", "e7e0d2", "3b3230", "7a8a94", "a3613f", "46314a")
        code = dice.pick(self.accents) if dice.chance(0.35) else dice.pick(muted)
        return plain(code, 0.05)

    def art(self, dice: Dice) -> Material:
        """A picture in the room's accents."""
        codes = (dice.pick(("efe7d8", "e7d8c0", "dfe2dc")), *self.accents)
        return Material(dice.pick(["matted", "matted", "canvas"]), tuple(map(srgb, codes)), seed=dice.whole(0, 199))


def _floor(dice: Dice, second: str) -> Material:
    seed = dice.whole(0, 99)
    dark, light = map(srgb, dice.pick(_WOODS))
    kind = dice.pick(["planks", "planks", "planks", "herringbone", "herringbone", "tiles", "carpet"])
    if kind == "planks":
        return Material("planks", (dark, light), dice.between(0.11, 0.2), seed, gloss=dice.between(0.35, 0.8))
    if kind == "herringbone":
        return Material("herringbone", (dark, light), dice.between(0.08, 0.11), seed, gloss=dice.between(0.35, 0.8))
    if kind == "tiles":
        a, b = dice.pick([("d9cfc0", "d0c5b4"), ("b7aca0", "aca095"), ("e8e4dc", "59544f"), ("c79a78", "bd8d6b")])
        return Material("tiles", (srgb(a), srgb(b), srgb("8d857a")), dice.pick([0.3, 0.45, 0.6]), seed, gloss=0.7)
    return Material("carpet", (srgb(dice.pick(["b5a893", "9a968f", "c9bda9", "7c7f7a", second])),), 1.0, seed)


def _accent_wall(dice: Dice, wall: str, second: str, paper: str) -> Material:
    seed = dice.whole(0, 99)
    kind = dice.pick(["paint", "paint", "second", "stripes", "panels", "panels", "brick", "leaves", "slats"])
    if kind == "second":
        return Material("paint", (srgb(second),), seed=seed)
    if kind == "stripes":
        return Material("stripes", (srgb(wall), srgb(dice.pick([second, paper]))), dice.between(0.16, 0.34), seed)
    if kind == "panels":
        return Material("panels", (srgb(dice.pick([paper, wall, second])), srgb(wall)), dice.between(0.7, 1.0), seed)
    if kind == "brick":
        a, b, c = dice.pick(
            [("8f4a33", "b8694a", "b9ac9c"), ("d9d3c8", "e9e4da", "cfc8bd"), ("6e4a3c", "9a6650", "8f8a82")]
        )
        return Material("brick", (srgb(a), srgb(b), srgb(c)), seed=seed)
    if kind == "leaves":
        return Material("leaves", (srgb(second), srgb(paper)), dice.between(0.18, 0.3), seed)
    if kind == "slats":
        dark, light = map(srgb, dice.pick(_WOODS))
        return Material("slats", (dark, light), 0.06, seed)
    return Material("paint", (srgb(wall),), seed=seed)


def palette(dice: Dice) -> Palette:
    """Draw a room's materials."""
    wall, second, paper, seats, accents = _SCHEMES[dice.pick(sorted(_SCHEMES))]
    dark, light = map(srgb, dice.pick(_WOODS))
    deep, deep2 = map(srgb, dice.pick(_DARKS))
    sofa = Material("fabric", (srgb(dice.pick(seats)),), seed=dice.whole(0, 99))
    rug_codes = (dice.pick(("e6dccb", "d8cab2", *seats)), dice.pick(accents), dice.pick(accents))
    curtain = dice.pick([paper, "efe8dc", "e6e0d6", dice.pick(seats)])
    return Palette(
        walls=(Material("paint", (srgb(wall),), seed=dice.whole(0, 99)), _accent_wall(dice, wall, second, paper)),
        floor=_floor(dice, second),
        ceiling=plain(dice.pick(["f1eee8", "f4f2ee", "ece6da"])),
        trim=plain(dice.pick(["f0ede6", "f0ede6", "e4ddd0", paper]), 0.1),
        wood=Material("wood", (dark, light), seed=dice.whole(0, 99), gloss=0.25),
        wood_dark=Material("wood", (deep, deep2), seed=dice.whole(0, 99), gloss=0.3),
        joinery=plain(dice.pick(["e9e5dc", "3b4650", second, paper, "2d2f31"]), 0.15),
        stone=Material("marble", (srgb(dice.pick(["e6e2dc", "d3cdc4", "3f3d3c"])), srgb("8f8a84")), seed=3, gloss=0.8),
        metal=plain(dice.pick(["1d1c1b", "1d1c1b", "b08d57", "8f8f8d"]), 0.4),
        ceramic=plain(dice.pick(["e9e2d5", "d9cfc0", "3f5a62", "b86b4b", *accents]), 0.35),
        basket=Material("fabric", (srgb(dice.pick(["b08a5a", "8d6e49", "c9b28c"])),), seed=5),
        upholstery=sofa,
        accent_cloth=replace(sofa, colours=(srgb(dice.pick((*seats, *accents))),)),
        curtain=Material("fabric", (srgb(curtain),), emission=0.0, seed=8),
        rug=Material("rug", tuple(map(srgb, rug_codes)), seed=dice.whole(0, 199)),
        accents=accents,
    )
