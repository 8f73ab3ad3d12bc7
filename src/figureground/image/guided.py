"""A map that is known of a reduced copy, drawn by the picture itself: the guided filter as a way to enlarge.

He, Sun, Tang 2010 ("Guided image filtering"); He, Sun 2015 ("Fast guided filter"): in every window of the copy the map
is fitted as a linear function of the colours, and those functions, not the map, are enlarged and asked about the
picture.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from figureground.core.arrays import Singles
from figureground.core.nouns import Picture
from figureground.image.filters import box_blur

_BAND = 8  # rows that are solved together: they stay within the processor's cache
EPSILON = 1e-3  # variance of colours, 0..1, below which they decide nothing


def lines(copy: Picture, values: Singles, radius: int) -> Singles:
    """Return a map, float32 (h, w), as a linear function of the colours around each pixel: (h, w, 4).

    Three slopes a unit of colour, which is 0..1, and an offset.  `radius`: of the windows, px of the copy.
    """
    image = copy.astype(np.float32) / np.float32(255)
    pairs = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
    planes = [image, values[..., None], image * values[..., None]]
    planes += [(image[..., i] * image[..., j])[..., None] for i, j in pairs]
    means = box_blur(np.concatenate(planes, -1), radius)
    mean, level, together = means[..., :3], means[..., 3], means[..., 4:7]
    shared = [together[..., k] - mean[..., k] * level for k in range(3)]
    spread = [means[..., 7 + k] - mean[..., i] * mean[..., j] for k, (i, j) in enumerate(pairs)]
    slopes = _solved([s + np.float32(EPSILON) if k < 3 else s for k, s in enumerate(spread)], shared)
    offset = level - sum(slope * mean[..., k] for k, slope in enumerate(slopes))
    return box_blur(np.stack([*slopes, offset], -1).astype(np.float32), radius)


def _solved(matrix: list[Singles], right: list[Singles]) -> list[Singles]:
    """Return x of M x = r for symmetric matrices of 3 x 3, given as planes 00, 11, 22, 01, 02, 12; by Cramer's rule.

    In float64, as determinants of small variances are tiny.
    """
    found = [np.empty_like(plane) for plane in right]
    for start in range(0, len(right[0]), _BAND):
        band = slice(start, start + _BAND)
        a, d, f, b, c, e = (plane[band].astype(np.float64) for plane in matrix)
        p, q, r = (plane[band].astype(np.float64) for plane in right)
        aa, bb, cc = d * f - e * e, c * e - b * f, b * e - c * d  # cofactors
        dd, ee, ff = a * f - c * c, b * c - a * e, a * d - b * b
        whole = a * aa + b * bb + c * cc
        for out, (x, y, z) in zip(found, ((aa, bb, cc), (bb, dd, ee), (cc, ee, ff)), strict=True):
            out[band] = (x * p + y * q + z * r) / whole
    return found


def asked(picture: Picture, enlarged: Singles) -> Singles:
    """Return what linear functions (h, w, 4), enlarged to the picture, say of its colours: float32 (h, w)."""
    # plane by plane: numpy is slow at sums over a last axis of 3
    slopes = (enlarged[..., k] * picture[..., k] for k in range(3))
    return np.asarray(enlarged[..., 3] + sum(slopes) / np.float32(255), np.float32)


def drawn_by(picture: Picture, copy: Picture, values: Singles, radius: int) -> Singles:
    """Return a map of a copy, float32 (h, w), enlarged to the picture and drawn by its colours; no limits are kept."""
    bands = np.moveaxis(lines(copy, values, radius), -1, 0)
    size = picture.shape[1::-1]
    large = [np.asarray(Image.fromarray(band.copy()).resize(size, Image.Resampling.BILINEAR)) for band in bands]
    return asked(picture, np.moveaxis(np.stack(large), 0, -1))
