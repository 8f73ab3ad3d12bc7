"""The head that tells a person's pose by the outline: a small convolutional network in whole numbers.

Inputs, weights and activations are whole numbers, and every sum stays far below 2**53, so float64 holds each exactly in
whatever order it is summed: the same answer on every machine.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Bytes, Floats
from figureground.core.nouns import Mask
from figureground.image.masks import area_table

POSES = ("standing", "seated", "airborne", "half-length", "headless", "group")  # what the head tells apart
SIDE = 64  # px of the picture that it is given
_INNER = 60  # of them for the figure
_TOP = 255  # of an activation
FILE = "pose-small.npz"


@dataclass(frozen=True, eq=False)
class Head:
    """Layers in order: weights, int8 as float64, (out, in, 3, 3) and last (out, in); biases, int32; and the bits that
    each layer's sums are shifted by.  `scale`: what the last sums are divided by to be logits."""

    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]
    shifts: tuple[int, ...]
    scale: float


def miniature(mask: Mask) -> Bytes:
    """Return a trimmed mask as the head sees it: uint8 (64, 64), the share of each cell, its sides in proportion."""
    height, width = mask.shape
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    table = area_table(mask)
    cells = np.arange(_INNER)
    start = cells * side // _INNER
    end = np.maximum(start + 1, (cells + 1) * side // _INNER)
    y0, y1 = np.clip(start - top, 0, height), np.clip(end - top, 0, height)
    x0, x1 = np.clip(start - left, 0, width), np.clip(end - left, 0, width)
    inside = table[y1][:, x1] - table[y0][:, x1] - table[y1][:, x0] + table[y0][:, x0]
    area = (end - start)[:, None] * (end - start)[None]
    return np.pad((inside * _TOP // area).astype(np.uint8), (SIDE - _INNER) // 2)


def shares(mask: Mask) -> dict[str, float]:
    """Return how likely each pose is for a trimmed mask of a person, in hundredths."""
    logits = run(_shipped(), miniature(mask))
    odds = np.exp(logits - logits.max())
    return {pose: round(float(odd), 2) for pose, odd in zip(POSES, odds / odds.sum(), strict=True)}


def run(head: Head, picture: Bytes) -> Floats:
    """Return the logits of a miniature, float64 (poses,)."""
    values: Floats = picture.astype(np.float64)[None]
    for weights, bias, shift in zip(head.weights[:-1], head.biases[:-1], head.shifts, strict=True):
        sums = _convolved(values, weights) + bias[:, None, None]
        values = np.clip(np.floor(sums / 2**shift), 0, _TOP)
    # where an outline is tells as much as what it is: each quarter of the last map has its own numbers
    rows, columns = values.shape[1] // 2, values.shape[2] // 2
    quarters = values.reshape(values.shape[0], 2, rows, 2, columns).sum((2, 4)).reshape(-1)
    logits: Floats = (head.weights[-1] @ quarters + head.biases[-1]) / head.scale
    return logits


def _convolved(values: Floats, weights: Floats) -> Floats:
    """Return a 3 x 3 convolution with stride 2 and a border of zeros."""
    padded = np.pad(values, ((0, 0), (1, 1), (1, 1)))
    height, width = values.shape[1] // 2, values.shape[2] // 2
    taps = [
        padded[:, dy : dy + 2 * height : 2, dx : dx + 2 * width : 2].reshape(values.shape[0], -1)
        for dy in range(3)
        for dx in range(3)
    ]
    columns = np.stack(taps, 1).reshape(-1, height * width)
    sums: Floats = (weights.reshape(weights.shape[0], -1) @ columns).reshape(-1, height, width)
    return sums


def read_head(arrays: dict[str, NDArray[np.int8]]) -> Head:
    """Return a head from its arrays: w0, b0, w1 ..., shifts and scale."""
    count = sum(name.startswith("w") for name in arrays)
    return Head(
        tuple(arrays[f"w{n}"].astype(np.float64) for n in range(count)),
        tuple(arrays[f"b{n}"].astype(np.float64) for n in range(count)),
        tuple(int(shift) for shift in arrays["shifts"]),
        float(arrays["scale"]),
    )


@functools.cache
def _shipped() -> Head:
    path = resources.files("figureground") / "weights" / FILE
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return read_head(dict(arrays))
