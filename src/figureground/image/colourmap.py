"""A colour map for depth, and the picture of a depth map: near is light and warm, far is dark and cool.

The map is built in OKLab (Ottosson 2020), where equal steps look equally large.  Lightness rises evenly from one end to
the other, so near and far survive greyscale printing and colour-blind eyes; hue only helps to tell values apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from figureground.core.nouns import DepthMap, Picture
from figureground.image.colour import rgb_of_oklab

# position 0..1, chroma, hue in degrees; lightness runs evenly from _DARK to _LIGHT
_POINTS = (
    (0.00, 0.090, 278.0),
    (0.22, 0.150, 300.0),
    (0.45, 0.165, 352.0),
    (0.66, 0.150, 398.0),
    (0.84, 0.130, 432.0),
    (1.00, 0.070, 458.0),
)
_DARK, _LIGHT = 0.20, 0.96
_HATCH = (np.array([236, 238, 240], np.uint8), np.array([150, 156, 162], np.uint8))  # "no value": grey stripes
_STRIPE = 4  # px


def _table() -> NDArray[np.uint8]:
    t = np.linspace(0, 1, 256)
    at, chroma, hue = np.array(_POINTS).T
    c, h = np.interp(t, at, chroma), np.deg2rad(np.interp(t, at, hue))
    oklab = np.stack([_DARK + (_LIGHT - _DARK) * t, c * np.cos(h), c * np.sin(h)], 1)
    return np.asarray(np.rint(rgb_of_oklab(oklab)), np.uint8)


def _labels() -> NDArray[np.uint8]:
    number = np.arange(256)
    hue = 2 * np.pi * (0.1 + number * (math.sqrt(5) - 1) / 2)  # steps of the golden section never come back
    light = 0.78 - 0.12 * (number % 2)
    table = rgb_of_oklab(np.stack([light, 0.12 * np.cos(hue), 0.12 * np.sin(hue)], 1))
    return np.asarray(np.where(number[:, None] > 0, np.rint(table), 0), np.uint8)


LABELS = _labels()  # uint8 (256, 3)
TABLE = _table()  # uint8 (256, 3), dark to light


def colours(values: NDArray[np.floating]) -> Picture:
    """Return uint8 (h, w, 3) of values 0..1 (h, w), clipped; NaN is drawn as grey diagonal stripes."""
    valid = np.isfinite(values)
    codes = np.rint(np.clip(np.where(valid, values, 0), 0, 1) * 255).astype(np.intp)
    row, column = np.indices(values.shape)
    stripes = np.stack(_HATCH)[((row + column) // _STRIPE) % 2]
    return np.asarray(np.where(valid[..., None], TABLE[codes], stripes), np.uint8)


def label_colours(labels: NDArray[np.integer]) -> Picture:
    """Return uint8 (h, w, 3) of whole numbers 0..255 (h, w): 0 is black, and neighbours in number are far in hue."""
    return np.asarray(LABELS[labels], np.uint8)


def hexadecimal(t: float) -> str:
    """Return the colour at t in 0..1 as "#rrggbb"."""
    red, green, blue = TABLE[round(min(max(t, 0.0), 1.0) * 255)].tolist()
    return f"#{red:02x}{green:02x}{blue:02x}"


@dataclass(frozen=True)
class DepthScale:
    """Which depth values the two ends of the colour map stand for, in `unit`.  `near` > `far` for inverse depth."""

    near: float
    far: float
    unit: str

    def position(self, value: float) -> float:
        """Return where a value lies between near (0) and far (1)."""
        return (value - self.near) / (self.far - self.near)

    def picture(self, depth: DepthMap) -> Picture:
        """Return the depth map in colours: near light, far dark, no value striped."""
        return colours(1 - (depth.values - np.float32(self.near)) / np.float32(self.far - self.near))


def depth_scale(maps: Sequence[DepthMap]) -> DepthScale | None:
    """Return one scale for maps of one unit: from the 1st to the 99th percentile of all valid pixels; None without any.

    Pixels outside take the colours of the ends, so that a few stray values do not flatten the rest.
    """
    values = np.concatenate([m.values[np.isfinite(m.values)] for m in maps]) if maps else np.empty(0, np.float32)
    if not values.size:
        return None
    low, high = (float(v) for v in np.percentile(values, (1, 99)))
    if high - low < 1e-6 * max(1.0, abs(high)):
        low, high = low - 0.5, high + 0.5
    farther = maps[0].direction == "larger is farther"
    return DepthScale(low if farther else high, high if farther else low, maps[0].unit)
