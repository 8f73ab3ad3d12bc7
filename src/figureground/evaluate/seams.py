"""Can pasted outlines be told from their background by noise and sharpness alone?  A detector that nothing trains.

A photo has one noise and one sharpness nearly everywhere; a figure from another photo brings its own.  Pieces of an
outline are looked at, squares of 17 px: how noise and sharpness differ between the figure's side and the other, as a
score.  The same pieces, laid on the background of the same picture, are the control: there both sides are of one photo.
The area under the curve says how often a piece of the outline scores higher than one of the background, 0.5 where
nothing tells them apart.

It cannot see colour, light, shadows, perspective or what a figure is, and what it sees need not be a seam: cloth has
another texture than a wall in real photos, too, so theirs do not give 0.5 either (docs/probes.md has both).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from figureground.core import random
from figureground.core.arrays import Floats, Ints
from figureground.core.nouns import Mask, Picture

PHOTOS_AUC = 0.806  # of 46 photographed people, docs/probes.md
SEED = 0
REACH = 8  # px from the middle of a piece to its sides
PIECES = 12  # of an outline, and as many of the background
_TRIES = 48  # places on the background that are drawn
_OFF = 2  # px from the outline that count for neither side: there the two mix, and the filters reach over it
_EDGE = REACH + _OFF  # px to the frame
_LEAST = 40  # px that each side has to have
_LEVEL = 0.5  # grey levels: below that all is alike smooth


class Scores(NamedTuple):
    """Scores of pieces, float64: of the outline, and of the background."""

    outline: Floats
    control: Floats


def scores(image: Picture, mask: Mask, number: int) -> Scores:
    """Return the scores of pieces of a mask's outline and of as many pieces of the background.

    `image`: uint8 (height, width, 3).  `mask`: bool (height, width).  `number`: of the sample; what is drawn hangs on
    it alone.  Both are empty where the outline, or the background, has no room for a piece.
    """
    places = _outline(mask, number)
    free = _free(mask, number)
    count = min(len(places), len(free), PIECES)
    sides = _sides(mask, places[:count]) if count else np.zeros((0, 2 * REACH + 1, 2 * REACH + 1), np.int8)
    wide = ((sides > 0).sum((1, 2)) >= _LEAST) & ((sides < 0).sum((1, 2)) >= _LEAST)
    sides, places, free = sides[wide], places[:count][wide], free[:count][wide]
    return Scores(_scored(_grey(image, places), sides), _scored(_grey(image, free), sides))


def area_under_curve(positive: Floats, negative: Floats) -> float:
    """Return how often a positive scores higher than a negative, equals counting half: 0..1, NaN without either."""
    if not positive.size or not negative.size:
        return float("nan")
    ordered = np.sort(negative)
    twice = np.searchsorted(ordered, positive, "left") + np.searchsorted(ordered, positive, "right")
    return float(twice.sum()) / (2 * positive.size * negative.size)


def _outline(mask: Mask, number: int) -> Ints:
    """Return (y, x) of up to 4 * PIECES px of the mask that have another beside them, away from the frame, in an order
    that is drawn."""
    height, width = mask.shape
    if min(height, width) <= 2 * _EDGE:
        return np.zeros((0, 2), np.int64)
    inner = mask[_EDGE:-_EDGE, _EDGE:-_EDGE]
    beside = [mask[_EDGE + dy : height - _EDGE + dy, _EDGE + dx : width - _EDGE + dx] for dy, dx in _NEXT]
    y, x = np.nonzero(inner & ~np.logical_and.reduce(beside))
    order = random.bits(SEED + number, y.astype(np.int64) * width + x, "outline").argsort(kind="stable")
    return np.stack([y, x], 1)[order[: 4 * PIECES]] + _EDGE


_NEXT = ((-1, 0), (1, 0), (0, -1), (0, 1))


def _free(mask: Mask, number: int) -> Ints:
    """Return (y, x) of drawn places around which no figure is."""
    height, width = mask.shape
    if min(height, width) <= 2 * _EDGE:
        return np.zeros((0, 2), np.int64)
    tries = np.arange(_TRIES)
    y = random.integers(SEED + number, tries, "control y", _EDGE, height - _EDGE - 1)
    x = random.integers(SEED + number, tries, "control x", _EDGE, width - _EDGE - 1)
    return np.stack([y, x], 1)[~_squares(mask, np.stack([y, x], 1), _EDGE).any((1, 2))]


def _squares(values: NDArray[np.generic], places: Ints, reach: int) -> NDArray[np.generic]:
    """Return (n, 2 reach + 1, 2 reach + 1, ...) squares around places that lie that far inside."""
    step = np.arange(-reach, reach + 1)
    return np.asarray(values[places[:, 0, None, None] + step[:, None], places[:, 1, None, None] + step])


def _sides(mask: Mask, places: Ints) -> NDArray[np.int8]:
    """Return pieces: 1 on the figure's side, -1 on the other, 0 near the outline."""
    square = _squares(mask, places, REACH + _OFF)
    windows = np.lib.stride_tricks.sliding_window_view(square, (2 * _OFF + 1, 2 * _OFF + 1), (1, 2))
    return np.asarray(windows.all((-1, -2)).astype(np.int8) - (~windows.any((-1, -2))).astype(np.int8), np.int8)


def _grey(image: Picture, places: Ints) -> Floats:
    """Return (n, 21, 21) squares of the mean of the channels, 0..255."""
    return np.asarray(_squares(image, places, REACH + _OFF).astype(np.float64).mean(-1))


def _scored(grey: Floats, sides: NDArray[np.int8]) -> Floats:
    """Return how far noise and sharpness differ between the sides: |log of the ratio| of each, added."""
    fine, coarse = (_detail(grey, step) for step in (1, 2))
    found = []
    for values in (fine, coarse):
        inside, outside = (_mean(values, sides == side) + _LEVEL for side in (1, -1))
        found.append((inside, outside))
    noise = np.log(found[0][0] / found[0][1])
    sharpness = noise - np.log(found[1][0] / found[1][1])
    return np.asarray(np.abs(noise) + np.abs(sharpness))


def _detail(grey: Floats, step: int) -> Floats:
    """Return (n, 17, 17): how far each pixel is from the mean of the four that lie `step` px from it."""
    low, high = _OFF, grey.shape[1] - _OFF
    middle = grey[:, low:high, low:high]
    around = [grey[:, low + dy * step : high + dy * step, low + dx * step : high + dx * step] for dy, dx in _NEXT]
    return np.abs(middle - (around[0] + around[1] + around[2] + around[3]) / 4)


def _mean(values: Floats, chosen: NDArray[np.bool_]) -> Floats:
    """Return the mean of each piece's chosen px."""
    return np.asarray((values * chosen).sum((1, 2)) / np.maximum(chosen.sum((1, 2)), 1))
