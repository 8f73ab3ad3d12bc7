"""What hangs on the wall, lies on the floor and stands outside: art, rugs, screens and the view from a window.

Each pattern is a function of p, q in -1..1 across the thing and returns linear RGB.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from figureground.core.arrays import Floats
from figureground.drawn.textures import Material, cell, mix, noise


def _shapes(p: Floats, q: Floats, m: Material) -> Floats:
    out = np.broadcast_to(np.asarray(m.colours[0]), (*p.shape, 3)).copy()
    for k in range(4):
        a, b, c, d = (float(cell(np.array(k), np.array(i), m.seed)) for i in range(4))
        x, y, r = a * 1.2 - 0.6, b * 1.2 - 0.6, 0.22 + 0.32 * c
        inside = np.hypot(p - x, q - y) < r if d < 0.5 else (np.abs(p - x) < r) & (q < y + r * 0.4)
        out = mix(out, m.colours[1 + k % (len(m.colours) - 1)], inside)
    return out


def _hills(p: Floats, q: Floats, m: Material) -> Floats:
    out = mix(m.colours[0], m.colours[1], np.clip(q * 0.5 + 0.5, 0, 1))
    sun = np.hypot(p - 0.35, q - 0.4) < 0.2
    out = mix(out, m.colours[2], sun)
    for k in range(3):
        ridge = -0.05 - 0.3 * k + 0.5 * (noise(p * 1.6 + 9 * k, p * 0, m.seed + k) - 0.5)
        out = mix(out, np.asarray(m.colours[(3 + k) % len(m.colours)]) * (1 - 0.15 * k), q < ridge)
    return out


def _bars(p: Floats, q: Floats, m: Material) -> Floats:
    band = np.floor((p * 0.5 + 0.5) * 5 + 0.6 * (q > 0))
    pick = (cell(band, np.floor(q * 1.5), m.seed) * len(m.colours)).astype(np.int64)
    return np.asarray(m.colours)[np.clip(pick, 0, len(m.colours) - 1)]


def _brush(p: Floats, q: Floats, m: Material) -> Floats:
    flow = noise(p * 1.3 + 3, q * 2.1, m.seed) + 0.4 * noise(p * 5, q * 9, m.seed)
    level = np.clip(flow * len(m.colours) * 0.75, 0, len(m.colours) - 1.001)
    low = level.astype(np.int64)
    blend = np.clip((level - low - 0.4) * 5, 0, 1)
    palette = np.asarray(m.colours)
    return mix(palette[low], palette[low + 1], blend)


def matted(p: Floats, q: Floats, m: Material) -> Floats:
    """A print with a pale mat around it."""
    kind = (_shapes, _hills, _bars, _brush)[m.seed % 4]
    inside = np.maximum(np.abs(p), np.abs(q)) < 0.7
    return mix((0.82, 0.8, 0.76), kind(p / 0.7, q / 0.7, m), inside)


def canvas(p: Floats, q: Floats, m: Material) -> Floats:
    """A painting up to its edge."""
    return (_brush, _hills, _shapes, _bars)[m.seed % 4](p, q, m)


def _yarn(p: Floats, q: Floats, m: Material, colour: Floats) -> Floats:
    tuft = noise(p * 150, q * 150, m.seed) * 0.6 + noise(p * 20, q * 20, m.seed) * 0.4
    return colour * (0.74 + 0.46 * tuft)[..., None]


def rug(p: Floats, q: Floats, m: Material) -> Floats:
    """A rug: bordered, striped, with diamonds, with a medallion, or plain and shaggy."""
    edge = 1 - np.maximum(np.abs(p) + (1 - m.scale) * 0.0, np.abs(q))
    ground, accent, third = m.colours[0], m.colours[1], m.colours[2]
    kind = m.seed % 5
    if kind == 0:
        out = mix(ground, accent, (edge > 0.07) & (edge < 0.16))
        out = mix(out, third, (edge > 0.19) & (edge < 0.21))
    elif kind == 1:
        lane = np.mod(q * 4.5 + 0.5, 1.0)
        out = mix(mix(ground, accent, lane < 0.3), third, (lane > 0.42) & (lane < 0.5))
    elif kind == 2:
        a = np.abs(np.mod(p * 3, 1) - 0.5) + np.abs(np.mod(q * 2, 1) - 0.5)
        out = mix(mix(ground, accent, np.abs(a - 0.5) < 0.07), third, a < 0.16)
        out = mix(out, accent, edge < 0.05)
    elif kind == 3:
        r = np.hypot(p, q) + 0.05 * np.cos(np.arctan2(q, p) * 8)
        out = mix(mix(ground, accent, (r > 0.28) & (r < 0.36)), third, r < 0.2)
        out = mix(out, third, (r > 0.5) & (r < 0.53))
        out = mix(out, accent, (edge > 0.05) & (edge < 0.15))
        dots = np.hypot(np.mod(p * 8, 1) - 0.5, np.mod(q * 8, 1) - 0.5) < 0.2
        out = mix(out, ground, dots & (edge > 0.05) & (edge < 0.15))
    else:
        out = np.broadcast_to(np.asarray(ground), (*p.shape, 3)) * (0.85 + 0.3 * noise(p * 7, q * 7, m.seed))[..., None]
    return _yarn(p, q, m, out)


def view(p: Floats, q: Floats, m: Material) -> Floats:
    """What one sees through a window: colours are zenith, horizon, far, near, and (in the evening) lit windows."""
    sky = mix(m.colours[1], m.colours[0], np.clip(q * 0.8 + 0.3, 0, 1) ** 0.8)
    cloud = np.clip(noise(p * 2 + 5, q * 5, m.seed) + 0.4 * noise(p * 6, q * 12, m.seed) - 0.8, 0, 1)
    out = mix(sky, m.colours[1], cloud)
    skyline = -0.25 + 0.22 * np.floor(cell(np.floor(p * 5 + m.seed), p * 0, m.seed) * 4) / 4
    town = q < skyline - 0.1
    out = mix(out, m.colours[2], town)
    pane = (
        (np.mod(p * 22, 1) < 0.45)
        & (np.mod(q * 16, 1) < 0.5)
        & (cell(np.floor(p * 22), np.floor(q * 16), m.seed) > 0.6)
    )
    out = mix(out, m.colours[4], town & pane)
    crown = -0.35 + 0.5 * (noise(p * 3, p * 0 + 7, m.seed) - 0.5) + 0.14 * noise(p * 17, q * 17, m.seed)
    leaf = np.clip((crown - q) * 14, 0, 1)
    return mix(out, np.asarray(m.colours[3]) * (0.6 + 0.8 * noise(p * 14, q * 14, m.seed))[..., None], leaf)


def screen(p: Floats, q: Floats, m: Material) -> Floats:
    """A switched-off television."""
    return np.broadcast_to(np.asarray(m.colours[0]), (*p.shape, 3)) * (1.0 + 0.6 * np.clip(p + q, 0, 1))[..., None]


FITTED: dict[str, Callable[[Floats, Floats, Material], Floats]] = {
    "canvas": canvas,
    "matted": matted,
    "rug": rug,
    "screen": screen,
    "view": view,
}
