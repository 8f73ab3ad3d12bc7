"""Choosing skin, hair and clothes that go together."""

from __future__ import annotations

from dataclasses import dataclass

from figureground.drawn.cloth import Cloth
from figureground.drawn.kit import Dice
from figureground.drawn.textures import Colour, srgb

_SKINS = ("f1c7a9", "e8b48f", "dba07a", "c98a61", "a86f48", "8a5636", "6b3f27", "4f2d1d")
_HAIRS = ("1b1512", "2b1d14", "4a2f1c", "6e4526", "9a6a35", "c9a05c", "8c3f22", "8f8b86", "d7d3cc")
_TOPS = (
    "f1ede4",
    "22324a",
    "8d2f2b",
    "c9803a",
    "5d7355",
    "7fa3b8",
    "d8b8a8",
    "2b2b2e",
    "d9b64e",
    "6b4a6e",
    "3d6b6a",
    "c95f4a",
    "a8adb3",
    "e3d3b5",
    "35506e",
    "7c2f45",
)
_BOTTOMS = ("2a2c33", "3b3f48", "5c5348", "8b7a5f", "c2b08f", "474e3c", "1e2026", "6d6f73", "d9d2c3")
_DENIM = ("2c405e", "3f5d82", "6f8db0", "1f2b3e")
_SHOES = ("1d1b1a", "5a3a26", "e9e6df", "8a2f2b", "30435c", "8c6f4d", "d9d4ca")


@dataclass(frozen=True)
class Outfit:
    """Everything worn, with the shapes it needs, figure heights.

    sleeve: 0 none, 1 short, 2 long; legs: trousers, shorts or skirt; ease: how loose the top is; hem: where it ends;
    coat_to, skirt_to: where a coat or skirt ends; flare: extra width below; bag: hand 0 or 1, or -1.
    """

    skin: Cloth
    face: Cloth
    hair: Cloth
    style: str
    hat: Cloth
    top: Cloth
    sleeve: int
    sleeve_cloth: Cloth
    bottom: Cloth
    legs: str
    leg_cloth: Cloth
    shoes: Cloth
    bag_cloth: Cloth
    bag: int
    ease: float
    hem: float
    coat_to: float
    skirt_to: float
    flare: float
    boot: float


def _dim(c: Colour, k: float) -> Colour:
    return c[0] * k, c[1] * k, c[2] * k


def _top(dice: Dice, code: str, other: str) -> Cloth:
    kind = dice.pick(["plain", "plain", "plain", "stripes", "checks", "knit", "bars", "dots"])
    scale = {"stripes": dice.between(0.016, 0.036), "dots": 0.024}.get(kind, dice.between(0.02, 0.036))
    return Cloth(kind, srgb(code), srgb(other), folds=dice.between(0.06, 0.1), scale=scale, seed=dice.whole(0, 99))


@dataclass(frozen=True)
class _Upper:
    # What is worn above: kind of garment, its cloth, how loose it is, where it and a coat end, length of sleeves.
    garment: str
    top: Cloth
    ease: float
    hem: float
    coat_to: float
    sleeve: int


@dataclass(frozen=True)
class _Lower:
    # What is worn below: its cloth, where a skirt ends, extra width below, and where the top ends over it.
    bottom: Cloth
    skirt_to: float
    flare: float
    hem: float


def _hair_style(dice: Dice, fem: float, tone: int) -> str:
    if fem > 0.5:
        return dice.pick(
            ["long", "long", "bob", "bun", "ponytail", "afro" if tone > 3 else "long", "hijab", "hat", "short"]
        )
    return dice.pick(["short", "short", "short", "cropped", "bald", "beanie", "afro" if tone > 3 else "short", "hat"])


def _kinds(dice: Dice, fem: float, style: str) -> tuple[str, str]:
    # Which garment above and which below.
    garment = dice.pick(["shirt", "shirt", "tee", "tee", "coat", "sweater", "jacket"])
    legs = "trousers"
    if fem > 0.5:
        legs = dice.pick(["trousers", "skirt", "skirt", "trousers", "shorts"])
    elif dice.chance(0.2):
        legs = "shorts"
    if style == "hijab":
        garment, legs = dice.pick(["coat", "shirt"]), dice.pick(["trousers", "skirt"])
    return garment, legs


def _trousers(dice: Dice, legs: str, seed: int) -> Cloth:
    if dice.chance(0.4) and legs == "trousers":
        return Cloth("denim", srgb(dice.pick(_DENIM)), folds=0.09, seed=seed)
    return Cloth("plain", srgb(dice.pick(_BOTTOMS)), folds=0.09, seed=seed)


def _upper(dice: Dice, garment: str, shirt: Cloth, seed: int) -> _Upper:
    top, coat_to, ease, hem, sleeve = shirt, 0.0, 0.004, 0.505, 2
    if garment in ("coat", "jacket"):
        coat_code = dice.pick(("3a3f4a", "8a6f4e", "2a2b2f", "b59a74", "5c2f2f", "4a5547", "c9bfae", "2f4058"))
        top = Cloth("coat", srgb(coat_code), shirt.second, folds=0.07, seed=seed)
        ease, coat_to = 0.009, (dice.between(0.28, 0.4) if garment == "coat" else 0.0)
    elif garment == "tee":
        sleeve = 1 if dice.chance(0.85) else 0
    elif garment == "sweater":
        ease = 0.009
        kind = dice.pick(["knit", "knit", "stripes"])
        top = Cloth(kind, shirt.colour, shirt.second, folds=0.06, scale=0.05, seed=seed)
    return _Upper(garment, top, ease, hem, coat_to, sleeve)


def _lower(dice: Dice, legs: str, trousers: Cloth, upper: _Upper, style: str, seed: int) -> _Lower:
    bottom, top, hem = trousers, upper.top, upper.hem
    shirt = upper.garment in ("tee", "shirt")
    skirt_to, flare = 0.0, dice.pick([0.0, 0.004, 0.011])
    if legs == "skirt":
        skirt_to, flare = dice.pick([0.3, 0.26, 0.12, 0.36]), dice.between(0.0, 0.03)
        if style == "hijab":
            skirt_to = 0.08
        if dice.chance(0.5) and shirt:  # a dress: one cloth from shoulder to hem
            bottom = Cloth(top.kind, top.colour, top.second, folds=0.07, scale=top.scale, seed=seed)
        else:
            kind, code = dice.pick(["plain", "plain", "checks", "dots"]), dice.pick(_TOPS + _BOTTOMS)
            bottom = Cloth(kind, srgb(code), srgb("efe6d6"), folds=0.07, scale=0.028, seed=seed)
        hem = 0.57 if upper.coat_to == 0 else hem
    elif shirt and dice.chance(0.4):
        hem = 0.555
    return _Lower(bottom, skirt_to, flare, hem)


def _face(dice: Dice, skin: Colour, tone: int, brow: Colour, fem: float) -> Cloth:
    lips = _dim((skin[0] * 0.92, skin[1] * 0.55, skin[2] * 0.55), 1.0 if tone < 4 else 0.85)
    iris = srgb(dice.pick(("3b2413", "2a180d", "4a3520") if tone > 2 else ("3b2413", "4a5f6b", "4d5a35", "2a180d")))
    beard = dice.pick([0.0, 0.0, 0.35, 0.75]) if fem < 0.5 else 0.0
    return Cloth("face", skin, extra=(lips, iris, brow), folds=beard)


def _hair(dice: Dice, colour: Colour, style: str, seed: int) -> Cloth:
    if style != "hijab":
        return Cloth("hair", colour, seed=seed)
    scarf = dice.pick(("3c4a5c", "c9b8a4", "8c4f5a", "2a2a2e", "6f8a80", "dccfc4"))
    return Cloth("plain", srgb(scarf), folds=0.05, seed=seed)


def dress_up(dice: Dice, fem: float) -> Outfit:
    """Draw an outfit; fem in 0..1 leans the choice of hair and garments, never decides it alone."""
    tone = dice.whole(0, len(_SKINS) - 1)
    skin = srgb(_SKINS[tone])
    hair = srgb(dice.pick(_HAIRS if tone < 3 else _HAIRS[:4] if tone < 7 else _HAIRS[:3]))
    style = _hair_style(dice, fem, tone)
    code, other = dice.pick(_TOPS), dice.pick(_TOPS)
    shirt = _top(dice, code, "f1ede4" if other == code else other)
    garment, legs = _kinds(dice, fem, style)
    seed = dice.whole(0, 99)
    trousers = _trousers(dice, legs, seed)
    upper = _upper(dice, garment, shirt, seed)
    lower = _lower(dice, legs, trousers, upper, style, seed)
    top = upper.top
    tights = legs == "skirt" and (dice.chance(0.35) or style == "hijab")
    face = _face(dice, skin, tone, _dim(hair, 0.7) if style != "hijab" else srgb("2b1d14"), fem)
    hair_cloth = _hair(dice, hair, style, seed)
    sole = srgb("e8e4dc") if dice.chance(0.5) else srgb("1a1817")
    sleeve_kind = "plain" if top.kind == "coat" else top.kind
    return Outfit(
        skin=Cloth("skin", skin),
        face=face,
        hair=hair_cloth,
        style=style,
        hat=Cloth("knit" if style == "beanie" else "plain", srgb(dice.pick(_TOPS + _BOTTOMS)), seed=seed),
        top=top,
        sleeve=upper.sleeve,
        sleeve_cloth=Cloth(sleeve_kind, top.colour, top.second, folds=0.1, scale=top.scale, seed=seed),
        bottom=lower.bottom,
        legs=legs,
        leg_cloth=Cloth("plain", srgb("1f1d22")) if tights else Cloth("skin", skin),
        shoes=Cloth("shoe", srgb(dice.pick(_SHOES)), sole),
        bag_cloth=Cloth("plain", srgb(dice.pick(("5a3a26", "8c6f4d", "22252b", "7c2f2b", "c2a878")))),
        bag=dice.pick([-1, -1, -1, 0, 1]),
        ease=upper.ease,
        hem=lower.hem,
        coat_to=upper.coat_to,
        skirt_to=lower.skirt_to,
        flare=lower.flare,
        boot=dice.pick([0.0, 0.0, 0.05]),
    )
