"""How photos look, measured once, and fitting a figure to its background: colour, sharpness, noise, contact shadow."""

from __future__ import annotations

import functools

import numpy as np
from PIL import ImageFilter

from figureground.core import random
from figureground.core.arrays import Floats, Singles
from figureground.core.nouns import Appearance, Cutout
from figureground.image.colour import lab, rgb_of

_SCALE_LIMITS = (0.7, 1.4)  # of the colour match's spread: a grey coat must not become a rainbow
_NODES = 9  # a side of the colour table
_TILE = 256


@functools.lru_cache(maxsize=1)
def _nodes() -> Floats:
    """CIELAB of the colour table's nodes, (9, 9, 9, 3), the red index last as Pillow wants it."""
    step = np.linspace(0, 255, _NODES)
    blue, green, red = np.meshgrid(step, step, step, indexing="ij")
    return lab(np.stack([red, green, blue], -1))


@functools.lru_cache(maxsize=256)
def _matched(own: Appearance, other: Appearance) -> Singles:
    """The colours 0..1 that the table's nodes go to at full strength; kept, since a pair comes with many positions."""
    factor = np.clip(np.array(other.lab_std) / np.maximum(np.array(own.lab_std), 1e-3), *_SCALE_LIMITS)
    moved = (_nodes() - np.array(own.lab_mean)) * factor + np.array(other.lab_mean)
    return (rgb_of(moved) / 255).astype(np.float32).ravel()


@functools.lru_cache(maxsize=1)
def _unmatched() -> Singles:
    return (rgb_of(_nodes()) / 255).astype(np.float32).ravel()


def colour_table(own: Appearance, other: Appearance, strength: float) -> ImageFilter.Color3DLUT:
    """Return the map that moves colours towards another photo's: mean and spread of each Lab channel.

    Reinhard, Ashikhmin, Gooch and Shirley 2001, in CIELAB, the spread's factor kept within 0.7..1.4.  At strength 1 the
    means agree; in between, colours lie on the way.  The map is tabulated at 9 x 9 x 9 colours and interpolated; at
    strength 1 it is off the formula by about 2 grey levels in the mean, more where colours leave the gamut.
    """
    table = _unmatched() + np.float32(strength) * (_matched(own, other) - _unmatched())
    return ImageFilter.Color3DLUT(_NODES, table, _copy_table=False)


@functools.lru_cache(maxsize=1)
def _noise_tile() -> Singles:
    """Near-normal noise of standard deviation 1, (256, 256): sums of 12 uniform numbers, the same everywhere."""
    words = random.bits(0, np.arange(_TILE * _TILE * 3), "noise tile").reshape(_TILE, _TILE, 3)
    parts = np.stack([(words >> np.uint64(16 * k)) & np.uint64(0xFFFF) for k in range(4)], -1)
    return np.asarray(parts.reshape(_TILE, _TILE, 12).sum(-1) / 65535 - 6, np.float32)


def add_noise(cutout: Cutout, strength: float, x: int, y: int) -> Cutout:
    """Return the cut-out with grey noise of this standard deviation; x, y choose its place on a fixed tile."""
    height, width = cutout.shape[:2]
    rows, columns = (y + np.arange(height)) % _TILE, (x + np.arange(width)) % _TILE
    grain = np.zeros(cutout.shape, np.int16)
    grain[..., :3] = np.rint(_noise_tile()[rows][:, columns] * np.float32(strength))[..., None]
    grain += cutout
    return np.asarray(np.minimum(np.maximum(grain, 0, out=grain), 255, out=grain), np.uint8)


def contact_shadow(
    shape: tuple[int, int], contact: tuple[int, int], width: float, strength: float
) -> tuple[slice, slice, Singles]:
    """Return (rows, columns, factor <= 1) of the shadow under a figure's feet, a soft flat ellipse `width` px wide.

    The darkest place lies at the contact; feet hide its upper half.
    """
    rx, ry = max(2.0, 0.5 * width), max(1.0, 0.14 * width)
    x, y = contact[0] + 0.5, contact[1] + 0.5
    top, bottom = max(0, int(y - 2 * ry)), min(shape[0], int(y + 2 * ry) + 2)
    left, right = max(0, int(x - 2 * rx)), min(shape[1], int(x + 2 * rx) + 2)
    top, left = min(top, bottom), min(left, right)  # it may lie below the frame
    v = ((np.arange(top, bottom) + 0.5 - y) / ry) ** 2
    u = ((np.arange(left, right) + 0.5 - x) / rx) ** 2
    # a rational bump, not a Gaussian: the same bytes on every machine
    bump = np.clip(1 - (v[:, None] + u[None, :]) / 4, 0, 1) ** 2
    return slice(top, bottom), slice(left, right), (1 - strength * bump).astype(np.float32)
