"""How photos look, measured once, and fitting a figure to its background: colour, sharpness, noise, contact shadow."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFilter

from figureground import draws
from figureground.matte import box_blur
from figureground.sample import Appearance, Cutout, Mask, Picture

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

# sRGB (IEC 61966-2-1, D65) to XYZ, rows divided by the white point, so that white is (1, 1, 1)
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_XYZ = _XYZ / _XYZ.sum(1, keepdims=True)
_RGB = np.linalg.inv(_XYZ)
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_SCALE_LIMITS = (0.7, 1.4)  # of the colour match's spread: a grey coat must not become a rainbow
_NODES = 9  # a side of the colour table
_TILE = 256


def lab(rgb: NDArray[np.uint8] | Floats) -> Floats:
    """Return CIELAB (D65; L 0..100) of sRGB values 0..255 (..., 3)."""
    value = np.asarray(rgb, np.float64) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _XYZ.T
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def rgb_of(values: Floats) -> Floats:
    """Return sRGB, float64 0..255 clipped, of CIELAB values (..., 3)."""
    fy = (values[..., 0] + 16) / 116
    f = np.stack([fy + values[..., 1] / 500, fy, fy - values[..., 2] / 200], -1)
    xyz = np.where(f > 6 / 29, f**3, (116 * f - 16) * 27 / 24389)
    linear = np.clip(xyz @ _RGB.T, 0, 1)
    return np.asarray(255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055))


def measure(picture: Picture, mask: Mask | None = None) -> Appearance:
    """Return what a photo, or the part of it under a mask, looks like."""
    inside = np.ones(picture.shape[:2], np.bool_) if mask is None else mask
    values = lab(picture[inside])
    grey = picture.astype(np.float32) @ _LUMA
    deep = _eroded(inside)
    return Appearance(
        _triple(values.mean(0)), _triple(values.std(0)), round(_blur(grey, deep), 3), round(_noise(grey, deep), 3)
    )


def _triple(values: Floats) -> tuple[float, float, float]:
    a, b, c = (round(float(v), 3) for v in values)
    return a, b, c


def _eroded(mask: Mask) -> Mask:
    """Return the pixels whose 11 x 11 surroundings lie in the mask (and in the picture): as far as the filters see."""
    for axis in (0, 1):
        padded = np.pad(mask, [(5, 5) if a == axis else (0, 0) for a in (0, 1)])
        length = mask.shape[axis]
        mask = np.logical_and.reduce([padded.take(range(k, k + length), axis) for k in range(11)])
    return mask


def _gradient(grey: Singles) -> Singles:
    dy, dx = np.gradient(grey)
    return np.asarray(np.hypot(dy, dx), np.float32)


def _blur(grey: Singles, inside: Mask) -> float:
    """Return the blur, in px, of the sharpest tenth of the strong edges; 0 where there are none.

    An edge blurred by s loses gradient by R = sqrt(1 + 1/s^2) when it is blurred again by 1 px (Zhuo and Sim 2011).
    """
    sharp = _gradient(grey)
    again = _gradient(_gaussian(grey))
    least = max(4.0, 4 * _noise(grey, inside))  # below, noise has gradients of its own
    strong = inside & (sharp > max(least, float(np.quantile(sharp[inside], 0.9)) if inside.any() else 0.0))
    if strong.sum() < 30:
        return 0.0
    ratio = float(np.quantile(sharp[strong] / np.maximum(again[strong], 1e-3), 0.9))
    return min(4.0, 1 / math.sqrt(max(ratio * ratio - 1, 1e-2)))


def _gaussian(grey: Singles) -> Singles:
    """Return the picture blurred by a Gaussian of 1 px, edges repeated."""
    weights = np.exp(-0.5 * np.arange(-4, 5) ** 2.0).astype(np.float32)
    weights /= weights.sum()
    for axis in (0, 1):
        padded = np.pad(grey, [(4, 4) if a == axis else (0, 0) for a in (0, 1)], "edge")
        length = grey.shape[axis]
        grey = np.asarray(sum(w * padded.take(range(k, k + length), axis) for k, w in enumerate(weights)), np.float32)
    return grey


def _noise(grey: Singles, inside: Mask) -> float:
    """Return the standard deviation of the noise, from the flat half of the picture (Immerkaer 1996)."""
    response = np.abs(
        grey[:-2, :-2] + grey[:-2, 2:] + grey[2:, :-2] + grey[2:, 2:] + 4 * grey[1:-1, 1:-1]
        - 2 * (grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:])
    )  # fmt: skip
    place = inside[1:-1, 1:-1]
    if place.sum() < 64:
        return 0.0
    busy = box_blur(response[..., None], 2)[..., 0]
    flat = place & (busy <= np.quantile(busy[place], 0.5))
    # the flatter half of pure noise shows 0.77 of it
    return float(np.sqrt(np.pi / 2) * response[flat].mean() / 6 / 0.77)


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
    words = draws.bits(0, np.arange(_TILE * _TILE * 3), "noise tile").reshape(_TILE, _TILE, 3)
    parts = np.stack([(words >> np.uint64(16 * k)) & np.uint64(0xFFFF) for k in range(4)], -1)
    return np.asarray(parts.reshape(_TILE, _TILE, 12).sum(-1) / 65535 - 6, np.float32)


def add_noise(cutout: Cutout, strength: float, x: int, y: int) -> Cutout:
    """Return the cut-out with grey noise of this standard deviation; x, y choose its place on a fixed tile."""
    height, width = cutout.shape[:2]
    rows, columns = (y + np.arange(height)) % _TILE, (x + np.arange(width)) % _TILE
    grain = np.rint(_noise_tile()[rows][:, columns] * np.float32(strength)).astype(np.int16)
    out = cutout.copy()
    np.clip(cutout[..., :3] + grain[..., None], 0, 255, out=out[..., :3], casting="unsafe")
    return out


def contact_shadow(size: int, contact: tuple[int, int], width: float, strength: float) -> tuple[slice, slice, Singles]:
    """Return (rows, columns, factor <= 1) of the shadow under a figure's feet, a soft flat ellipse `width` px wide.

    The darkest place lies at the contact; feet hide its upper half.
    """
    rx, ry = max(2.0, 0.5 * width), max(1.0, 0.14 * width)
    x, y = contact[0] + 0.5, contact[1] + 0.5
    top, bottom = max(0, int(y - 2 * ry)), min(size, int(y + 2 * ry) + 2)
    left, right = max(0, int(x - 2 * rx)), min(size, int(x + 2 * rx) + 2)
    v = ((np.arange(top, bottom) + 0.5 - y) / ry) ** 2
    u = ((np.arange(left, right) + 0.5 - x) / rx) ** 2
    # a rational bump, not a Gaussian: the same bytes on every machine
    bump = np.clip(1 - (v[:, None] + u[None, :]) / 4, 0, 1) ** 2
    return slice(top, bottom), slice(left, right), (1 - strength * bump).astype(np.float32)
