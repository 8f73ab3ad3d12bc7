"""The outermost px of a figure that a key or network cut out: how much of the old ground is in them, by their colours.

Their masks are about a pixel too wide here and there, and hard where hair is soft.  Ground then
counts as figure, and glows in every other room.  Between the colours that are surely the figure's and those that are
surely ground a px lies at its true alpha; where that is less than the mask's, it is taken.
"""

from __future__ import annotations

import numpy as np

from figureground.core.arrays import Singles
from figureground.core.nouns import Alpha, Picture
from figureground.image.filters import box_blur

_DEEP = 3  # px that a mask may be off: farther in and out it is believed
_NEAR = 6  # px around, from which the sure colours are gathered
_TOLD = 40  # of 255: figure and ground that differ by less tell nothing of what lies between
_FEW = 0.03  # the part of the px around that must be sure


def trimmed(picture: Picture, alpha: Alpha) -> Alpha:
    """Return alpha without the ground that its rim holds: nowhere more than it was, and nothing changed inside."""
    a: Singles = alpha.astype(np.float32)[..., None] / np.float32(255)
    share = box_blur(a, _DEEP)
    rim = (share > 0.02) & (share < 0.98) & (a > 0)
    if not rim.any():
        return alpha
    rows, columns = _box(rim[..., 0], 2 * _NEAR + _DEEP)
    a, share, rim = a[rows, columns], share[rows, columns], rim[rows, columns]
    image = picture[rows, columns].astype(np.float32)
    figure, ground = (share >= 0.98).astype(np.float32), (share <= 0.02).astype(np.float32)
    front, sure_front = _gathered(image, figure)
    back, sure_back = _gathered(image, ground)
    apart = front - back
    span = (apart * apart).sum(-1, keepdims=True)
    found = ((image - back) * apart).sum(-1, keepdims=True) / np.maximum(span, np.float32(1))
    # what is farther off the line than along it is neither: a belt, a lip
    off = image - back - found * apart
    told = (span > _TOLD * _TOLD) & ((off * off).sum(-1, keepdims=True) < np.float32(0.15) * span)
    told &= rim & (sure_front > _FEW) & (sure_back > _FEW)
    less = np.minimum(a, np.clip(found * np.float32(1.15), 0, 1))  # noise of the figure's own colours is no ground
    less = np.where(told & (found < np.float32(0.8)), less, a)
    out = alpha.copy()
    out[rows, columns] = np.rint(less[..., 0] * np.float32(255)).astype(np.uint8)
    return out


def _gathered(image: Singles, sure: Singles) -> tuple[Singles, Singles]:
    """Return (the mean of the sure colours around each px, the part of the px around that is sure)."""
    share = box_blur(sure, _NEAR)
    mean = box_blur(image * sure, _NEAR)
    mean /= np.maximum(share, np.float32(1e-6))
    return mean, share


def _box(where: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], margin: int) -> tuple[slice, slice]:
    """Return the (rows, columns) that hold all that is true, with a margin."""
    rows, columns = np.flatnonzero(where.any(1)), np.flatnonzero(where.any(0))
    return (
        slice(max(int(rows[0]) - margin, 0), int(rows[-1]) + margin + 1),
        slice(max(int(columns[0]) - margin, 0), int(columns[-1]) + margin + 1),
    )
