"""Whether two photos are one picture, encoded or resized or cut out again, or only nearly alike: signs that differ in
their digits, frames of a film."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.core.arrays import Bools, Bytes, Singles
from figureground.image.filters import box_blur
from figureground.image.masks import mask_of
from figureground.ingest.cleaning import near

SIDE = 96  # px of a fine miniature
# Grey levels, see docs/cutouts.md: rooms encoded again differ by up to 10 somewhere, a quarter as large by 8 (24 at
# most), with a patch of 5 % a side changed by 32 or more; figures by 21 (foliage a third as large: 40), signs with
# other digits by 160 or more.
_MOST = {"background": 16.0, "foreground": 28.0}
_MOST_MEAN = 8.0
# 12 people whose photos were cut out in two ways: their mattes overlap by 0.949 or more, and what is inside both
# differs by up to 23 once one lies on the other.
_OVERLAP, _INSIDE = 0.93, 0.2
_HOPELESS = 40.0  # mean difference before one is moved: theirs is 14 at most
_REACH = 2.2  # standard deviations of a figure's alpha that its miniature shows to each side


def miniature(picture: Bytes) -> Bytes:
    """Return a uint8 (96, 96, channels) miniature of a photo, or of a cut-out in a frame that its matte decides.

    Figures are framed by the mean and deviation of their alpha, which one more hair does not move as it moves a box,
    and lie on grey.
    """
    if picture.shape[2] == 3:
        photo = Image.fromarray(np.ascontiguousarray(picture))
        return np.asarray(photo.resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=3.0))
    weight = picture[..., 3].astype(np.float64)
    x0, x1 = _span(weight.sum(0))
    y0, y1 = _span(weight.sum(1))
    pad = int(np.ceil(max(0.0, -x0, -y0, x1 - picture.shape[1], y1 - picture.shape[0]))) + 1
    image = Image.fromarray(np.pad(picture, ((pad, pad), (pad, pad), (0, 0))))
    box = (x0 + pad, y0 + pad, x1 + pad, y1 + pad)
    small = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box)).astype(np.float32)
    alpha = small[..., 3:] / np.float32(255)
    found: Bytes = np.rint(np.dstack([small[..., :3] * alpha + 128 * (1 - alpha), small[..., 3]])).astype(np.uint8)
    return found


def coarse(fine: Bytes) -> Bytes:
    """Return a miniature's means over 16 x 16 cells, as one row."""
    cells = fine.reshape(16, SIDE // 16, 16, SIDE // 16, -1).mean((1, 3))
    row: Bytes = np.rint(cells).astype(np.uint8).reshape(-1)
    return row


def _span(weights: NDArray[np.float64]) -> tuple[float, float]:
    at = np.arange(weights.size) + 0.5
    total = max(float(weights.sum()), 1e-9)
    middle = float((weights * at).sum()) / total
    reach = _REACH * max(0.5, float(np.sqrt((weights * (at - middle) ** 2).sum() / total)))
    return middle - reach, middle + reach


def same_picture(kind: str, one: Bytes, other: Bytes) -> bool:
    """Tell whether two miniatures show one picture, encoded again.  `kind`: "background" or "foreground"."""
    a, b = one.astype(np.float32), other.astype(np.float32)
    if a.shape != b.shape or float(np.abs(a - b).max(-1).mean()) >= _MOST_MEAN:
        return False
    return float(_differences(a, b).max()) < _MOST[kind]


def same_cut_anew(one: Bytes, other: Bytes) -> bool:
    """Tell whether two miniatures of figures show one photo, cut out in two ways.

    The mattes may differ at the edges; what is well inside both has to be alike.
    """
    a, b = one.astype(np.float32), other.astype(np.float32)
    if _apart(a, b) > _HOPELESS:
        return False
    b = _laid_on(a, b)
    both, either = mask_of(one[..., 3]) & (b[..., 3] >= 128), mask_of(one[..., 3]) | (b[..., 3] >= 128)
    inside = _inside(a, b, 2)
    if both.sum() < _OVERLAP * either.sum() or inside.sum() < _INSIDE * both.sum():
        return False
    return float(_differences(a[..., :3], b[..., :3])[inside].max()) < _MOST["foreground"]


def _differences(a: Singles, b: Singles) -> Singles:
    """Return by how much each pixel lies outside of what its neighbourhood shows in the other, averaged over 3 x 3.

    A pixel's shift or a softer edge is no difference; another digit is.
    """
    outside = np.maximum(_beyond(a, b), _beyond(b, a))
    return box_blur(outside[..., None], 1)[..., 0]


def _beyond(a: Singles, b: Singles) -> Singles:
    height, width = a.shape[:2]
    padded = np.pad(b, ((1, 1), (1, 1), (0, 0)), mode="edge")
    around = np.stack([padded[y : y + height, x : x + width] for y in range(3) for x in range(3)])
    found: Singles = np.maximum(np.maximum(a - around.max(0), around.min(0) - a), 0).max(-1)
    return found


def _inside(a: Singles, b: Singles, reach: int) -> Bools:
    return ~near((a[..., 3] < 250) | (b[..., 3] < 250), reach)


def _apart(a: Singles, b: Singles) -> float:
    """Return the mean difference of the colours inside both figures."""
    inside = _inside(a, b, 1)
    return float(np.abs(a[..., :3] - b[..., :3]).max(-1)[inside].mean()) if inside.sum() >= 100 else 255.0


def _laid_on(a: Singles, b: Singles) -> Singles:
    """Return the second miniature scaled and moved, by a few percent, to where its colours fit those of the first."""
    values = [1.0, 1.0, 0.0, 0.0]  # scales and shifts across and down
    best, fitted = _apart(a, b), b
    for step in (0.04, 0.02, 0.01, 0.005):
        moved, tries = True, 0
        while moved and tries < 12:
            moved, tries = False, tries + 1
            for place in range(4):
                for sign in (-1, 1):
                    changed = values.copy()
                    changed[place] += sign * step * (1 if place < 2 else SIDE / 2)
                    tried = _warped(b, changed)
                    apart = _apart(a, tried)
                    if apart < best - 1e-3:
                        best, values, fitted, moved = apart, changed, tried, True
    return fitted


def _warped(b: Singles, values: list[float]) -> Singles:
    across, down, right, low = values
    middle = SIDE / 2
    matrix = (across, 0.0, middle - across * middle + right, 0.0, down, middle - down * middle + low)
    size, how = (SIDE, SIDE), Image.Transform.AFFINE
    bands = [
        Image.fromarray(b[..., n]).transform(size, how, matrix, Image.Resampling.BILINEAR) for n in range(b.shape[2])
    ]
    return np.dstack([np.asarray(band) for band in bands])
