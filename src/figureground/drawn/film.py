"""The camera's end of the light: sharing samples between pixels, glow, exposure, tone curve, grain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from figureground.core import random
from figureground.core.arrays import Floats, Singles
from figureground.image.colour import srgb_of


def share(light: Singles, known: Singles, normal: Singles, what: NDArray[np.int16], depth: Singles) -> Singles:
    """Average light (h, w, 3) over neighbours on the same surface, in two passes of 4 x 4 pixels.

    known (h, w) is 1 where light was found, 0 where it is to be filled in.  A 4 x 4 window holds each of the ray sets
    once, so their pattern cancels; the two passes lean to opposite sides.
    """
    planes = [np.ascontiguousarray(light[..., c]) for c in range(3)]
    facing = [np.ascontiguousarray(normal[..., c]) for c in range(3)]
    h, w = what.shape
    for shifts in ((-1, 0, 1, 2), (-2, -1, 0, 1)):
        totals, weight = [p * known for p in planes], known.copy()
        for dy in shifts:
            for dx in shifts:
                if dx == dy == 0:
                    continue
                here = np.s_[max(0, -dy) : h - max(0, dy), max(0, -dx) : w - max(0, dx)]
                there = np.s_[max(0, dy) : h - max(0, -dy), max(0, dx) : w - max(0, -dx)]
                dot = facing[0][here] * facing[0][there]
                dot += facing[1][here] * facing[1][there]
                dot += facing[2][here] * facing[2][there]
                k = np.maximum(dot * 4 - 3, 0) * (what[here] == what[there])
                k *= np.abs(depth[here] - depth[there]) < 0.08 * depth[here]
                # A sliver with nobody of its kind around takes a little from any neighbour rather than nothing.
                k = (k + np.float32(1e-5)) * known[there]
                weight[here] += k
                for total, plane in zip(totals, planes, strict=True):
                    total[here] += k * plane[there]
        scale = np.asarray(1 / np.maximum(weight, np.float32(1e-9)), np.float32)
        planes = [np.asarray(total * scale, np.float32) for total in totals]
        known = np.ones_like(known)
    return np.stack(planes, -1)


def _blur(x: Singles, radius: int) -> Singles:
    for axis in (0, 1):
        for _ in range(2):
            pad = [(radius + 1, radius) if a == axis else (0, 0) for a in range(3)]
            run = np.cumsum(np.pad(x, pad, "edge"), axis=axis, dtype=np.float64)
            n = x.shape[axis]
            x = (
                (run.take(range(2 * radius + 1, 2 * radius + 1 + n), axis) - run.take(range(n), axis))
                / (2 * radius + 1)
            ).astype(np.float32)
    return x


def curve(x: Floats) -> Floats:
    """A filmic curve (Narkowicz's fit to ACES, 2015), then the sRGB transfer; 0..1 out."""
    y = np.clip(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14), 0, 1)
    return srgb_of(y)


def develop(radiance: Floats, seed: int, exposure: float) -> NDArray[np.uint8]:
    """The picture (h, w, 3) of linear radiance: exposed for its own brightness, with bloom, vignette and grain."""
    h, w, _ = radiance.shape
    luminance = radiance @ np.array([0.2126, 0.7152, 0.0722])
    key = float(np.exp(np.log(np.clip(luminance, 1e-4, np.quantile(luminance, 0.93))).mean()))
    x = (radiance * (exposure / key)).astype(np.float32)
    bright = np.minimum(np.maximum(x - 1.1, 0), 5.0)
    x += 0.07 * _blur(bright, max(w // 60, 1)) + 0.06 * _blur(bright, max(w // 14, 1))
    row, column = np.mgrid[0:h, 0:w]
    r2 = ((column + 0.5) / w - 0.5) ** 2 + ((row + 0.5) / h - 0.5) ** 2
    grain = random.uniform(seed, np.arange(h * w), "scenes/grain").reshape(h, w) - 0.5
    y = curve(x * (1 - 0.42 * r2)[..., None]) + grain[..., None] * 0.012
    return np.asarray(np.rint(np.clip(y, 0, 1) * 255), np.uint8)
