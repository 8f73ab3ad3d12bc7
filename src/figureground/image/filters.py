"""Windows over pictures: sums, box mean, guided filter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.core.arrays import Bytes, Singles
from figureground.core.nouns import Mask, Picture


def box_blur(values: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """Return the mean over (2*radius + 1)^2 windows, cut off at the picture's edge, of (height, width, channels)."""
    for axis in (0, 1):
        length = values.shape[axis]
        low = np.clip(np.arange(length) - radius, 0, length)
        high = np.clip(np.arange(length) + radius + 1, 0, length)
        sums = np.concatenate(
            [np.zeros_like(values.take([0], axis), np.float64), values.cumsum(axis, np.float64)], axis
        )
        span = (high - low).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        values = ((sums.take(high, axis) - sums.take(low, axis)) / span).astype(np.float32)
    return values


def window_sums(mask: Mask, radius: int) -> Bytes:
    """Return how many px are true in windows of (2*radius + 1)^2, radius 1..7; beyond the edge all is as at it.

    uint8 (height, width).
    """
    height, width = mask.shape
    rows, columns = (np.arange(-radius, side + radius).clip(0, side - 1) for side in mask.shape)
    framed = mask.view(np.uint8)[rows][:, columns]
    tall = framed[:height].copy()
    for k in range(1, 2 * radius + 1):
        tall += framed[k : k + height]
    sums = tall[:, :width].copy()
    for k in range(1, 2 * radius + 1):
        sums += tall[:, k : k + width]
    return np.asarray(sums, np.uint8)


def guided(picture: Picture, values: Singles, radius: int, epsilon: float = 0.02**2) -> Singles:
    guide = np.asarray(Image.fromarray(picture).convert("L")).astype(np.float32) / np.float32(255)
    stack = np.stack([guide, values, guide * values, guide * guide], -1)
    mean_g, mean_v, mean_gv, mean_gg = np.moveaxis(box_blur(stack, radius), -1, 0)
    slope = (mean_gv - mean_g * mean_v) / (mean_gg - mean_g * mean_g + np.float32(epsilon))
    lines = box_blur(np.stack([slope, mean_v - slope * mean_g], -1), radius)
    return np.asarray(lines[..., 0] * guide + lines[..., 1], np.float32)
