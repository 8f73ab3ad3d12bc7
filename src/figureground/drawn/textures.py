"""Procedural surfaces: what colour a material has at a point.

Colours are linear-light RGB in 0..1 (use `srgb` to write them as one picks them).  Every pattern is a function of
surface coordinates u, v in metres, so it is the same from every camera and needs no texture images.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from figureground.core import random
from figureground.core.arrays import Floats
from figureground.image.colour import linear_of

Colour = tuple[float, float, float]

_TABLE: Floats = random.uniform(0, np.arange(65536), "scenes/noise").reshape(256, 256)


@dataclass(frozen=True)
class Material:
    """A surface: pattern name, its colours, its scale in metres, and how it treats light.

    gloss: 0 dull .. 1 polished; emission: light given off, in units of the colour; seed shifts the pattern.
    """

    pattern: str
    colours: tuple[Colour, ...]
    scale: float = 1.0
    seed: int = 0
    gloss: float = 0.0
    emission: float = 0.0


def srgb(code: str) -> Colour:
    """The linear colour of "rrggbb"."""
    value = np.array([int(code[i : i + 2], 16) for i in (0, 2, 4)]) / 255.0
    r, g, b = linear_of(value)
    return float(r), float(g), float(b)


def plain(code: str, gloss: float = 0.0, emission: float = 0.0) -> Material:
    """A surface of one colour."""
    return Material("plain", (srgb(code),), gloss=gloss, emission=emission)


def noise(u: Floats, v: Floats, seed: int = 0) -> Floats:
    """Smooth value noise in 0..1 with period 256 and features of size 1."""
    iu, iv = np.floor(u), np.floor(v)
    fu, fv = u - iu, v - iv
    fu, fv = fu * fu * (3 - 2 * fu), fv * fv * (3 - 2 * fv)
    i, j = iu.astype(np.int64) + seed * 37, iv.astype(np.int64) + seed * 91
    i0, i1, j0, j1 = i & 255, (i + 1) & 255, j & 255, (j + 1) & 255
    low = _TABLE[i0, j0] * (1 - fu) + _TABLE[i1, j0] * fu
    high = _TABLE[i0, j1] * (1 - fu) + _TABLE[i1, j1] * fu
    return np.asarray(low * (1 - fv) + high * fv, np.float64)


def cell(i: Floats, j: Floats, seed: int = 0) -> Floats:
    """One random number in 0..1 for each integer cell."""
    a, b = np.asarray(i).astype(np.int64), np.asarray(j).astype(np.int64)
    return np.asarray(_TABLE[(a * 73 + b * 17 + seed * 29) & 255, (b * 151 + a * 7 + seed * 53) & 255], np.float64)


def mix(a: Colour | Floats, b: Colour | Floats, w: NDArray[np.floating | np.bool_]) -> Floats:
    """Colours (..., 3) on the way from a to b, as far as w (...) says: a at 0, b at 1."""
    weight = np.asarray(w, np.float64)[..., None]
    return np.asarray(np.asarray(a) * (1 - weight) + np.asarray(b) * weight, np.float64)


def _band(x: Floats, low: float, high: float) -> Floats:
    return np.asarray((x >= low) & (x < high), np.float64)


def _grain(u: Floats, v: Floats, m: Material, tone: Floats) -> Floats:
    # Long fibres along u with a slow waviness: two octaves of strongly stretched noise.
    wave = noise(u * 1.3 + tone * 61, v * 4 + tone * 17, m.seed)
    fine = noise(u * 5 + tone * 97, v * 110 + wave * 5, m.seed + 1)
    rings = 0.5 + 0.5 * np.sin((v * 34 + wave * 7 + tone * 20) * 2.0)
    dark, light = m.colours[0], m.colours[1]
    return mix(dark, light, np.clip(0.2 + 0.36 * tone + 0.22 * fine + 0.16 * rings + 0.2 * (wave - 0.5), 0, 1))


def _wood(u: Floats, v: Floats, m: Material) -> Floats:
    return _grain(u, v, m, np.full(u.shape, (m.seed * 0.37) % 1.0))


def _planks(u: Floats, v: Floats, m: Material) -> Floats:
    width, length = m.scale, m.scale * 10
    row = np.floor(v / width)
    along = u / length + cell(row, row * 0, m.seed)
    column = np.floor(along)
    tone = cell(row, column, m.seed + 3)
    edge = np.minimum(v / width - row, 1 - (v / width - row)) * width
    end = np.minimum(along - column, 1 - (along - column)) * length
    seam = np.minimum(edge, end) < 0.0022
    return _grain(u + tone * 9, v, m, tone) * np.where(seam, 0.45, 1.0)[..., None]


def _herringbone(u: Floats, v: Floats, m: Material) -> Floats:
    width, k = m.scale, 5
    x, y = (u + v) * 0.70710678 / width, (v - u) * 0.70710678 / width
    i, j = np.floor(x), np.floor(y)
    d = np.mod(i - j, 2 * k)
    flat = d < k
    step = np.where(flat, d, 2 * k - 1 - d)
    i0, j0 = np.where(flat, i - step, i), np.where(flat, j, j - step)
    along = np.where(flat, x - i0, y - j0)
    across = np.where(flat, y - j0, x - i0)
    tone = np.clip(cell(i0, j0, m.seed) * 0.8 + np.where(flat, 0.0, 0.2), 0, 1)
    gap = np.minimum(np.minimum(across, 1 - across), np.minimum(along, k - along)) * width
    return _grain(along * width + tone * 7, across * width, m, tone) * np.where(gap < 0.002, 0.5, 1.0)[..., None]


def _veins(u: Floats, v: Floats, seed: int) -> Floats:
    warp = noise(u * 2.1, v * 2.1, seed) + 0.5 * noise(u * 4.7, v * 4.7, seed + 1)
    line = np.abs(np.sin((u * 1.2 + v * 0.8 + warp * 2.2) * 3.0))
    return np.asarray(np.exp(-line * 9) * noise(u * 3, v * 3, seed + 2), np.float64)


def _tiles(u: Floats, v: Floats, m: Material) -> Floats:
    x, y = u / m.scale, v / m.scale
    i, j = np.floor(x), np.floor(y)
    tone = cell(i, j, m.seed)
    check = np.mod(i + j, 2)
    base = mix(m.colours[0], m.colours[1], check)
    vein = _veins(u + tone * 13, v + tone * 7, m.seed)
    speck = noise(u * 9 + tone * 40, v * 9, m.seed)
    shade = 0.9 + 0.1 * tone + 0.1 * (speck - 0.5)
    grout = np.minimum(np.minimum(x - i, 1 - x + i), np.minimum(y - j, 1 - y + j)) * m.scale < 0.003
    tile = mix(base * shade[..., None], m.colours[2], np.clip(vein * 0.8, 0, 0.5))
    return mix(tile, m.colours[2], grout * 0.75)


def _marble(u: Floats, v: Floats, m: Material) -> Floats:
    cloud = noise(u * 3, v * 3, m.seed)
    return mix(mix(m.colours[0], m.colours[1], np.clip(_veins(u, v, m.seed) * 1.2, 0, 0.8)), m.colours[1], 0.1 * cloud)


def _carpet(u: Floats, v: Floats, m: Material) -> Floats:
    tuft = (
        noise(u * 130, v * 130, m.seed) * 0.5 + noise(u * 37, v * 37, m.seed) * 0.3 + noise(u * 3, v * 3, m.seed) * 0.2
    )
    return np.asarray(m.colours[0]) * (0.68 + 0.6 * tuft)[..., None]


def _fabric(u: Floats, v: Floats, m: Material) -> Floats:
    weave = 0.5 + 0.25 * np.sin(u * 900) * np.sin(v * 900)
    cloud = noise(u * 7, v * 7, m.seed) * 0.6 + noise(u * 60, v * 60, m.seed) * 0.4
    return np.asarray(m.colours[0]) * (0.8 + 0.12 * weave + 0.24 * cloud)[..., None]


def _plain(u: Floats, v: Floats, m: Material) -> Floats:
    return np.broadcast_to(np.asarray(m.colours[0]), (*u.shape, 3)).copy()


def _stripes(u: Floats, v: Floats, m: Material) -> Floats:
    phase = np.mod(u / m.scale, 1.0)
    out = mix(m.colours[0], m.colours[1], _band(phase, 0.5, 1.0))
    pin = np.abs(np.mod(u / m.scale + 0.25, 0.5) - 0.25) * m.scale < 0.004
    return out * np.where(pin, 0.93, 1.0)[..., None]


def _checks(u: Floats, v: Floats, m: Material) -> Floats:
    a, b = _band(np.mod(u / m.scale, 1), 0.5, 1), _band(np.mod(v / m.scale, 1), 0.5, 1)
    return mix(m.colours[0], m.colours[1], (a + b) / 2)


def _leaves(u: Floats, v: Floats, m: Material) -> Floats:
    # A block-printed wallpaper: a leaf of two arcs in every cell, turned this way and that.
    x, y = u / m.scale, v / m.scale + 0.5 * np.mod(np.floor(u / m.scale), 2)
    i, j = np.floor(x), np.floor(y)
    p, q = x - i - 0.5, y - j - 0.5
    angle = (cell(i, j, m.seed) - 0.5) * 1.8 + np.where(np.mod(i + j, 2) == 0, 0.7, -0.7)
    s, t = p * np.cos(angle) + q * np.sin(angle), q * np.cos(angle) - p * np.sin(angle)
    inside = np.abs(s) < 0.17 * np.maximum(1 - (t / 0.42) ** 2, 0)
    rib = (np.abs(s) < 0.012) & (np.abs(t) < 0.46)
    return mix(mix(m.colours[0], m.colours[1], inside * 0.8), m.colours[0], (rib & inside) * 0.9)


def _brick(u: Floats, v: Floats, m: Material) -> Floats:
    h, w = 0.075, 0.24
    row = np.floor(v / h)
    x = u / w + 0.5 * np.mod(row, 2)
    col = np.floor(x)
    wobble = 0.002 * (noise(u * 40, v * 40, m.seed) - 0.5)
    gap = np.minimum(np.minimum(x - col, 1 - x + col) * w, np.minimum(v / h - row, 1 - v / h + row) * h) + wobble
    tone = cell(col, row, m.seed)
    rough = noise(u * 50, v * 50, m.seed) * 0.3 + noise(u * 14, v * 14, m.seed) * 0.3
    face = mix(m.colours[0], m.colours[1], tone) * (0.72 + rough)[..., None]
    lip = np.clip((gap - 0.005) / 0.008, 0.0, 1.0)
    return np.where((gap < 0.005)[..., None], np.asarray(m.colours[2]) * 0.85, face * (0.8 + 0.2 * lip)[..., None])


def _panels(u: Floats, v: Floats, m: Material) -> Floats:
    # Mouldings are drawn as a light and a dark line: the bevel that faces the light and the one that does not.
    base = np.broadcast_to(np.asarray(m.colours[0]), (*u.shape, 3)).copy()
    upper, lower = np.asarray(m.colours[1]), np.asarray(m.colours[0])
    rail = 0.95
    out = np.where((v > rail)[..., None], upper, base)
    x = np.mod(u / m.scale, 1.0) * m.scale
    for y0, y1 in ((0.2, rail - 0.12), (rail + 0.12, 2.25)):
        dx, dy = np.minimum(x - 0.09, m.scale - 0.09 - x), np.minimum(v - y0, y1 - v)
        inset = np.minimum(dx, dy)
        low_side = (v - y0 < 0.03) | (x - 0.09 < 0.03)
        out = out * (1 + np.where((inset > 0) & (inset < 0.022), np.where(low_side, 0.1, -0.22), 0.0))[..., None]
    chair = np.abs(v - rail) < 0.03
    shade = 1.08 - 0.35 * _band(v, rail - 0.03, rail - 0.015)
    return np.where(chair[..., None], lower * shade[..., None], out)


def _slats(u: Floats, v: Floats, m: Material) -> Floats:
    phase = np.mod(u / m.scale, 1.0)
    return _grain(v, u, m, cell(np.floor(u / m.scale), v * 0, m.seed)) * np.where(phase > 0.72, 0.18, 1.0)[..., None]


def _paint(u: Floats, v: Floats, m: Material) -> Floats:
    cloud = noise(u * 1.7, v * 1.7, m.seed) * 0.6 + noise(u * 25, v * 25, m.seed) * 0.4
    return np.asarray(m.colours[0]) * (0.97 + 0.06 * cloud)[..., None]


PATTERNS: dict[str, Callable[[Floats, Floats, Material], Floats]] = {
    "brick": _brick,
    "carpet": _carpet,
    "checks": _checks,
    "fabric": _fabric,
    "herringbone": _herringbone,
    "leaves": _leaves,
    "marble": _marble,
    "paint": _paint,
    "panels": _panels,
    "plain": _plain,
    "planks": _planks,
    "slats": _slats,
    "stripes": _stripes,
    "tiles": _tiles,
    "wood": _wood,
}


def face_coordinates(local: Floats, normal: Floats, half: Floats) -> tuple[Floats, Floats]:
    """Surface coordinates (u, v) in metres of local points (n, 3): the two axes across the main normal direction.

    u runs along the longer of the two, because that is how grain runs in a board.
    """
    axis = np.abs(normal).argmax(-1)
    first, second = np.where(axis == 0, 2, 0), np.where(axis == 1, 2, 1)
    rows = np.arange(len(local))
    swap = half[second] > half[first]
    first, second = np.where(swap, second, first), np.where(swap, first, second)
    return local[rows, first], local[rows, second]


def flat_albedo(m: Material, u: Floats, v: Floats) -> Floats:
    """Linear colour (..., 3) of a material at surface coordinates u, v in metres."""
    return PATTERNS[m.pattern](np.asarray(u, np.float64), np.asarray(v, np.float64), m)
