"""Windows over pictures: sums, box mean, guided filter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground import native
from figureground.core.arrays import Bytes, Floats, Singles
from figureground.core.nouns import Mask, Picture


def box_blur(values: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """Return the mean over (2*radius + 1)^2 windows, cut off at the picture's edge, of (height, width, channels)."""
    if native.kernel is not None:
        blurred = np.array(values, np.float32, order="C")
        native.kernel.box_blur(blurred, radius)
        return blurred
    found = np.empty_like(values)
    for channel in range(values.shape[2]):  # one at a time: they stay within the processor's cache
        plane = values[..., channel]
        for axis in (0, 1):
            place = np.arange(plane.shape[axis])
            reach = min(radius, place.size)
            span = np.minimum(place + reach + 1, place.size) - np.maximum(place - reach, 0)
            sums = _running_sums(plane, reach, axis)
            sums /= span[:, None] if axis == 0 else span
            plane = sums.astype(np.float32)
        found[..., channel] = plane
    return found


def _running_sums(plane: Singles, reach: int, axis: int) -> Floats:
    """Return the sums over windows of 2*reach + 1 along an axis; beyond the edge all is 0.

    Sums of 1, 2, 4 ... values, each of two of the one before, are put together as the binary digits of the window say.
    """
    length, window = plane.shape[axis], 2 * reach + 1

    def cut(array: Floats, start: int, stop: int) -> Floats:
        return array[start:stop] if axis == 0 else array[:, start:stop]

    shape = list(plane.shape)
    shape[axis] += 2 * reach
    sums = np.zeros(shape)
    cut(sums, reach, reach + length)[:] = plane
    total, taken = cut(sums, 0, length).copy(), 1  # windows are odd
    for digit in range(1, window.bit_length()):
        half, size = 1 << (digit - 1), sums.shape[axis]
        sums = cut(sums, 0, size - half) + cut(sums, half, size)
        if window >> digit & 1:
            total += cut(sums, taken, taken + length)
            taken += 2 * half
    return total


def window_sums(mask: Mask, radius: int) -> Bytes:
    """Return how many px are true in windows of (2*radius + 1)^2, radius 1..7; beyond the edge all is as at it.

    uint8 (height, width).
    """
    height, width = mask.shape
    if native.kernel is not None:
        found = np.empty(mask.shape, np.uint8)
        native.kernel.window_sums(np.ascontiguousarray(mask), radius, found)
        return found
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
    mean_g, mean_v, mean_gv, mean_gg = (
        box_blur(plane[..., None], radius)[..., 0] for plane in (guide, values, guide * values, guide * guide)
    )
    slope = np.asarray((mean_gv - mean_g * mean_v) / (mean_gg - mean_g * mean_g + np.float32(epsilon)), np.float32)
    offset = np.asarray(mean_v - slope * mean_g, np.float32)
    mean_slope, mean_offset = (box_blur(plane[..., None], radius)[..., 0] for plane in (slope, offset))
    return np.asarray(mean_slope * guide + mean_offset, np.float32)
