"""Fitting a figure to its background: noise, and a rim that takes the light of what is behind."""

from __future__ import annotations

import functools

import numpy as np

from figureground import native
from figureground.core import random
from figureground.core.arrays import Singles
from figureground.core.nouns import Alpha, Cutout, Picture
from figureground.image.filters import box_blur

_TILE = 256
_RIM = 0.012  # of a figure's height: how far the light of what is behind reaches into it
_AROUND = 0.03  # of the canvas's shorter side: how far around a place what is behind it shines


@functools.lru_cache(maxsize=1)
def _noise_tile() -> Singles:
    """Near-normal noise of standard deviation 1, (256, 256): sums of 12 uniform numbers, the same everywhere."""
    words = random.bits(0, np.arange(_TILE * _TILE * 3), "noise tile").reshape(_TILE, _TILE, 3)
    parts = np.stack([(words >> np.uint64(16 * k)) & np.uint64(0xFFFF) for k in range(4)], -1)
    return np.asarray(parts.reshape(_TILE, _TILE, 12).sum(-1) / 65535 - 6, np.float32)


def add_noise(cutout: Cutout, strength: float, x: int, y: int) -> Cutout:
    """Return the cut-out with grey noise of this standard deviation; x, y choose its place on a fixed tile."""
    height, width = cutout.shape[:2]
    if native.kernel is not None:
        found = np.empty(cutout.shape, np.uint8)
        native.kernel.grained(cutout, _noise_tile(), strength, y % _TILE, x % _TILE, found)
        return found
    rows, columns = (y + np.arange(height)) % _TILE, (x + np.arange(width)) % _TILE
    noise = np.rint(_noise_tile()[rows].take(columns, 1) * np.float32(strength)).astype(np.int16)
    # four channels of 16 bits at once, pixels whole: numpy is slow along a last axis of 4
    grain = (noise.view(np.uint16) * np.uint64(0x0001000100010001)).view(np.int16).reshape(height, width, 4)
    grain[..., 3] = 0
    grain += np.ascontiguousarray(cutout.view(np.uint32)).view(np.uint8)
    return np.asarray(np.minimum(np.maximum(grain, 0, out=grain), 255, out=grain), np.uint8)


def shine(picture: Picture) -> Picture:
    """Return what a picture shines on what stands before it: its colours, blurred."""
    reach = max(2, round(_AROUND * min(picture.shape[:2])))
    small = box_blur(picture.astype(np.float32), reach)
    return np.rint(box_blur(small, reach)).astype(np.uint8)


def rim(alpha: Alpha, height: int, strength: float) -> Alpha:
    """Return how far each px of a figure `height` px tall takes the light of what is behind, uint8 of alpha's shape.

    It is most at the outline, `strength` of 1, and nothing a few px inside.
    """
    around = box_blur(alpha[..., None].astype(np.float32), max(1, round(_RIM * height)))[..., 0]
    inside = np.maximum(around * 2 - 255, 0)  # 0 on a straight outline
    return np.asarray(np.rint((255 - inside) * np.float32(strength)), np.uint8)
