"""How far each pixel of a cut-out stands out: rounded from the matte, or as a depth network sees it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from figureground.core.errors import NoDepthError
from figureground.core.nouns import Cutout, DepthMap, Mask, Picture
from figureground.image import masks
from figureground.image.filters import box_blur


def rounded(mask: Mask) -> NDArray[np.uint8]:
    """Return a plausible relief of a figure known by its mask alone: 0 at the outline, 255 in the middle of its widest.

    Limbs are taken as round: with d the distance to the outline and r the largest d nearby, height is that of a circle,
    sqrt(d * (2r - d)), where r counts up to a tenth of the figure's height (a trunk is flatter than it is wide).
    """
    distance = np.zeros(mask.shape, np.float32)
    inner = np.pad(mask, 1)
    while inner.any():  # erosion by a 3 x 3 cross and square in turn: near enough to a circle
        distance += inner[1:-1, 1:-1]
        shifted = [inner[:-2, 1:-1], inner[2:, 1:-1], inner[1:-1, :-2], inner[1:-1, 2:]]
        if int(distance.max()) % 2:
            shifted += [inner[:-2, :-2], inner[:-2, 2:], inner[2:, :-2], inner[2:, 2:]]
        inner = np.pad(inner[1:-1, 1:-1] & np.logical_and.reduce(shifted), 1)
    most = max(1.0, 0.1 * mask.shape[0])
    d = np.minimum(distance, most)
    height = np.sqrt(d * (2 * most - d)) / most
    smooth = box_blur(height[..., None].astype(np.float32), max(1, round(0.01 * mask.shape[0])))[..., 0]
    return np.where(mask, np.rint(255 * np.clip(smooth, 0, 1)), 0).astype(np.uint8)


def network_relief(cutout: Cutout, depth: Callable[[Picture], DepthMap]) -> NDArray[np.uint8]:
    """Return the relief that a depth network sees in a cut-out on grey: its 5th to 95th percentile over 0..255.

    What the network leaves without a value lies as far as the outline.  Raises NoDepthError where that is all of it.
    """
    height, width = cutout.shape[:2]
    side = round(1.15 * max(height, width))
    top, left = side - height - (side - height) // 4, (side - width) // 2
    canvas = np.full((side, side, 3), 128, np.uint8)
    alpha = cutout[..., 3:].astype(np.uint16)
    canvas[top : top + height, left : left + width] = (
        (alpha * cutout[..., :3] + (255 - alpha) * np.uint16(128)) // 255
    ).astype(np.uint8)
    estimated = depth(canvas)
    near = estimated.values[top : top + height, left : left + width].astype(np.float64)
    if estimated.direction == "larger is farther":
        near = -near
    inside = masks.mask_of(cutout[..., 3])
    seen = inside & np.isfinite(near)
    if not seen.any():
        raise NoDepthError("the depth network sees nothing of the figure, so it has no relief")
    low, high = np.quantile(near[seen], (0.05, 0.95))
    stretched = np.clip((np.where(seen, near, low) - low) / max(float(high - low), 1e-9), 0, 1)
    return np.where(inside, np.rint(255 * stretched), 0).astype(np.uint8)
