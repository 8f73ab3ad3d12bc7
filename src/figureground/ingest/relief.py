"""How far each pixel of a cut-out stands out: rounded from the matte, as a depth network sees it, or as measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Floats
from figureground.core.errors import NoDepthError, SetAsideError
from figureground.core.nouns import Box, Cutout, DepthMap, Mask, Picture
from figureground.geometry.intrinsics import planar_metres
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


@dataclass(frozen=True, eq=False)
class Relief:
    """A relief in codes, with the metres towards the camera that codes 0 and 255 are, both 0 where its depth is not
    metric; and what is probably wrong with it."""

    codes: NDArray[np.uint8]
    back: float = 0.0
    front: float = 0.0
    warnings: tuple[str, ...] = ()


def measured_relief(depth: DepthMap, cut: tuple[tuple[int, int], Box], mask: Mask, real_m: float) -> Relief:
    """Return the relief that a photo's own depth gives its figure.

    `cut`: the shape of the photo as it was cut out, and the box that it was cropped to, of which `mask` is the figure
    at its final size.  Metric depth gives metres from the figure's median; other depth its 5th to 95th percentile over
    0..255, as a network's.  What lies farther from the median than the figure is tall, `real_m`, is not the figure;
    that and holes are filled from around.  Raises SetAsideError where less than half of the figure has depth.
    """
    near = _nearness(_sampled(depth, cut, mask.shape), depth)
    known = mask & np.isfinite(near)
    middle = float(np.median(near[known])) if known.any() else 0.0
    metric = depth.unit != "relative"
    if metric:
        known &= np.abs(near - middle) <= real_m
    share = known.sum() / mask.sum()
    if share < 0.5:
        raise SetAsideError(
            f"its depth map knows only {share:.0%} of the figure: is depth_per_unit or depth_invalid wrong?"
        )
    low, high = (float(v) for v in np.quantile(near[known], (0.02, 0.98) if metric else (0.05, 0.95)))
    filled = _filled(np.clip(near, low, high), known)
    codes = np.rint(255 * (filled - low) / max(high - low, 1e-9)).astype(np.uint8)
    if not metric:
        return Relief(np.where(mask, codes, np.uint8(0)))
    flat = high - low < 0.005 * real_m
    told = f"its relief is {1000 * (high - low):.2g} mm deep: is depth_per_unit right, or the figure flat?"
    return Relief(
        codes, round(low - middle, 4), round(max(high - middle, low - middle + 1e-3), 4), (told,) if flat else ()
    )


def _sampled(depth: DepthMap, cut: tuple[tuple[int, int], Box], shape: tuple[int, ...]) -> Floats:
    """Return a photo's depth at the pixels of its figure, without averaging."""
    (height, width), (left, top, right, bottom) = cut
    y = (top + (np.arange(shape[0]) + 0.5) * (bottom - top) / shape[0]) * depth.values.shape[0] / height
    x = (left + (np.arange(shape[1]) + 0.5) * (right - left) / shape[1]) * depth.values.shape[1] / width
    return np.asarray(depth.values[y.astype(int)][:, x.astype(int)], np.float64)


def _nearness(values: Floats, depth: DepthMap) -> Floats:
    """Return how near each pixel is, metres where depth is metric, NaN where unknown."""
    if depth.unit != "relative":
        return -planar_metres(DepthMap(values.astype(np.float32), depth.unit, depth.direction))
    return -values if depth.direction == "larger is farther" else values


def _filled(values: Floats, known: Mask) -> Floats:
    """Return values with those that are not known taken from the nearest that are."""
    out, have, radius = np.where(known, values, 0.0), known.copy(), 1
    while not have.all():
        sums = box_blur(np.stack([np.where(have, out, 0), have], -1).astype(np.float32), radius)
        new = ~have & (sums[..., 1] > 1e-6)
        out[new] = sums[new][:, 0] / sums[new][:, 1]
        have |= new
        radius *= 2
    return np.asarray(out, np.float64)
