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


def dress_up(dice: Dice, fem: float) -> Outfit:
    """Draw an outfit; fem in 0..1 leans the choice of hair and garments, never decides it alone."""
    tone = dice.whole(0, len(_SKINS) - 1)
    skin = srgb(_SKINS[tone])
    hair = srgb(dice.pick(_HAIRS if tone < 3 else _HAIRS[:4] if tone < 7 else _HAIRS[:3]))
    if fem > 0.5:
        style = dice.pick(
            ["long", "long", "bob", "bun", "ponytail", "afro" if tone > 3 else "long", "hijab", "hat", "short"]
        )
    else:
        style = dice.pick(
            ["short", "short", "short", "cropped", "bald", "beanie", "afro" if tone > 3 else "short", "hat"]
        )
    code, other = dice.pick(_TOPS), dice.pick(_TOPS)
    if other == code:
        other = "f1ede4"
    top = _top(dice, code, other)
    garment = dice.pick(["shirt", "shirt", "tee", "tee", "coat", "sweater", "jacket"])
    legs = "trousers"
    if fem > 0.5:
        legs = dice.pick(["trousers", "skirt", "skirt", "trousers", "shorts"])
    elif dice.chance(0.2):
        legs = "shorts"
    if style == "hijab":
        garment, legs = dice.pick(["coat", "shirt"]), dice.pick(["trousers", "skirt"])
    seed = dice.whole(0, 99)
    if dice.chance(0.4) and legs == "trousers":
        bottom = Cloth("denim", srgb(dice.pick(_DENIM)), folds=0.09, seed=seed)
    else:
        bottom = Cloth("plain", srgb(dice.pick(_BOTTOMS)), folds=0.09, seed=seed)
    coat_to, ease, hem, sleeve = 0.0, 0.004, 0.505, 2
    if garment in ("coat", "jacket"):
        coat_code = dice.pick(("3a3f4a", "8a6f4e", "2a2b2f", "b59a74", "5c2f2f", "4a5547", "c9bfae", "2f4058"))
        top = Cloth("coat", srgb(coat_code), srgb(other), folds=0.07, seed=seed)
        ease, coat_to = 0.009, (dice.between(0.28, 0.4) if garment == "coat" else 0.0)
    elif garment == "tee":
        sleeve = 1 if dice.chance(0.85) else 0
    elif garment == "sweater":
        ease = 0.009
        top = Cloth(dice.pick(["knit", "knit", "stripes"]), srgb(code), srgb(other), folds=0.06, scale=0.05, seed=seed)
    skirt_to, flare = 0.0, dice.pick([0.0, 0.004, 0.011])
    if legs == "skirt":
        skirt_to, flare = dice.pick([0.3, 0.26, 0.12, 0.36]), dice.between(0.0, 0.03)
        if style == "hijab":
            skirt_to = 0.08
        if dice.chance(0.5) and garment in ("tee", "shirt"):  # a dress: one cloth from shoulder to hem
            bottom = Cloth(top.kind, top.colour, top.second, folds=0.07, scale=top.scale, seed=seed)
        else:
            bottom = Cloth(
                dice.pick(["plain", "plain", "checks", "dots"]),
                srgb(dice.pick(_TOPS + _BOTTOMS)),
                srgb("efe6d6"),
                folds=0.07,
                scale=0.028,
                seed=seed,
            )
        hem = 0.57 if coat_to == 0 else hem
    elif garment in ("tee", "shirt") and dice.chance(0.4):
        hem = 0.555
    tights = legs == "skirt" and (dice.chance(0.35) or style == "hijab")
    leg_cloth = Cloth("plain", srgb("1f1d22")) if tights else Cloth("skin", skin)
    lips = _dim((skin[0] * 0.92, skin[1] * 0.55, skin[2] * 0.55), 1.0 if tone < 4 else 0.85)
    iris = srgb(dice.pick(("3b2413", "2a180d", "4a3520") if tone > 2 else ("3b2413", "4a5f6b", "4d5a35", "2a180d")))
    beard = dice.pick([0.0, 0.0, 0.35, 0.75]) if fem < 0.5 else 0.0
    hair_cloth = Cloth("hair", hair, seed=seed)
    if style == "hijab":
        hair_cloth = Cloth(
            "plain",
            srgb(dice.pick(("3c4a5c", "c9b8a4", "8c4f5a", "2a2a2e", "6f8a80", "dccfc4"))),
            folds=0.05,
            seed=seed,
        )
    sole = srgb("e8e4dc") if dice.chance(0.5) else srgb("1a1817")
    return Outfit(
        skin=Cloth("skin", skin),
        face=Cloth(
            "face", skin, extra=(lips, iris, _dim(hair, 0.7) if style != "hijab" else srgb("2b1d14")), folds=beard
        ),
        hair=hair_cloth,
        style=style,
        hat=Cloth("knit" if style == "beanie" else "plain", srgb(dice.pick(_TOPS + _BOTTOMS)), seed=seed),
        top=top,
        sleeve=sleeve,
        sleeve_cloth=Cloth(
            "plain" if top.kind == "coat" else top.kind, top.colour, top.second, folds=0.1, scale=top.scale, seed=seed
        ),
        bottom=bottom,
        legs=legs,
        leg_cloth=leg_cloth,
        shoes=Cloth("shoe", srgb(dice.pick(_SHOES)), sole),
        bag_cloth=Cloth("plain", srgb(dice.pick(("5a3a26", "8c6f4d", "22252b", "7c2f2b", "c2a878")))),
        bag=dice.pick([-1, -1, -1, 0, 1]),
        ease=ease,
        hem=hem,
        coat_to=coat_to,
        skirt_to=skirt_to,
        flare=flare,
        boot=dice.pick([0.0, 0.0, 0.05]),
    )
