"""What a photo looks like: colours, blur and noise, measured once."""

from __future__ import annotations

import math

import numpy as np

from figureground.core.arrays import Floats, Singles
from figureground.core.nouns import Appearance, Mask, Picture
from figureground.image.colour import lab
from figureground.image.filters import box_blur

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def measure(picture: Picture, mask: Mask | None = None) -> Appearance:
    """Return what a photo, or the part of it under a mask, looks like."""
    inside = np.ones(picture.shape[:2], np.bool_) if mask is None else mask
    values = lab(picture[inside])
    grey = picture.astype(np.float32) @ _LUMA
    deep = _eroded(inside)
    return Appearance(
        _triple(values.mean(0)),
        _triple(values.std(0)),
        round(_blur(grey, deep), 3),
        round(_noise(grey, deep), 3),
        _hues(values),
    )


def _hues(values: Floats) -> float:
    """Return how far chroma lies from what is usual at its lightness, 98 of 100 px at most: 0 of grey, near 0 of sepia.

    `values`: CIELAB (n, 3).  16 steps of lightness are told apart.
    """
    if not len(values):
        return 0.0
    step = np.minimum(values[:, 0] * 0.16, 15).astype(np.int64)
    count = np.maximum(np.bincount(step, minlength=16), 1)
    tint = np.stack([np.bincount(step, values[:, k], 16) / count for k in (1, 2)], -1)
    return round(float(np.quantile(np.hypot(*(values[:, 1:] - tint[step]).T), 0.98)), 2)


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
