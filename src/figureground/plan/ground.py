"""Figures on the floor: drawn on it, with the height that perspective gives them.

The figures of a scene come one after the other.  Of the places that are drawn those are looked at closely, one by one,
where enough of the figure's points seems to be seen (`geometry/glance.py`); the first is taken where enough of all
figures is.  Every draw is a pure function of its counter, so a scene does not depend on any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from figureground.core import random
from figureground.core.arrays import Ints
from figureground.core.nouns import Figure, Foreground
from figureground.geometry.perspective import figure_heights
from figureground.plan.heights import limits, resized
from figureground.plan.place import TRIES, Placed, Setting, Slot, fits_beside, with_look

_SPREAD_TRIES = 96  # places looked at, evenly over the floor, when all draws have failed
_AT_ONCE = 8  # draws glanced at together
_LOOKS = 12  # closer looks at what promises well; of 737 figures that found a place, on photos, none needed more than 4


def corners_of(cutout: Foreground, contacts: Ints, width: Ints, height: Ints, flip: bool) -> Ints:
    """Return the top left corners of a cut-out in some sizes whose foot is on the pixels `contacts`, int64 (n, 2)."""
    column = np.minimum((cutout.foot[0] * width).astype(np.int64), width - 1)
    row = np.minimum((cutout.foot[1] * height).astype(np.int64), height - 1)
    return np.asarray(contacts - np.stack([width - 1 - column if flip else column, row], -1), np.int64)


def figure_at(cutout: Foreground, number: int, contact: tuple[int, int], height: int, flip: bool, q: float) -> Figure:
    """Return the figure of a height whose foot is on the pixel `contact`, at inverse depth q."""
    width, height = resized(cutout, height)
    ((x, y),) = corners_of(cutout, np.array([contact]), np.array([width]), np.array([height]), flip).tolist()
    return Figure(number, x, y, width, height, flip, q, contact)


def stand(setting: Setting, slot: Slot, before: Sequence[Sequence[Figure]]) -> Placed | None:
    """Return a figure on the floor, once for each flip, or None where the floor has no place for it.

    `before`: the scene's earlier figures for each flip.
    """
    sight = setting.eyes
    floor = sight.footing(slot.background)
    if setting.catalog.backgrounds[slot.background].ground is None or not floor.size:
        return None
    tries = slot.counter * TRIES + np.arange(TRIES)
    drawn = random.integers(setting.placing.seed, tries, f"stand {slot.turn}", 0, floor.shape[0] - 1)
    for k in range(0, TRIES, _AT_ONCE):  # most find a place with the first
        places = _promising(setting, slot, floor[drawn[k : k + _AT_ONCE]])
        found = _first_that_fits(setting, slot, before, places)
        if found is not None:
            return found
    # all draws have failed.  These places do not hang on the draws, so that a pair without any is known as such
    rows = np.linspace(0, floor.shape[0] - 1, min(_SPREAD_TRIES, floor.shape[0])).round().astype(np.int64)
    pair = "spread", slot.background, slot.foreground, slot.flips
    spread = sight.known(pair, lambda: _promising(setting, slot, floor[rows]))
    return _first_that_fits(setting, slot, before, spread)


@dataclass(frozen=True)
class _Place:
    """Where a figure may stand: the pixel of its foot, its height in px, and the inverse depth there."""

    contact: tuple[int, int]
    height: int
    inverse_depth: float


def _promising(setting: Setting, slot: Slot, places: Ints) -> list[_Place]:
    """Return the first of some floor pixels (x, y), int64 (n, 2), on which enough of the figure seems to be seen."""
    placing, background = setting.placing, setting.catalog.backgrounds[slot.background]
    cutout = setting.catalog.foregrounds[slot.foreground]
    if background.ground is None:
        return []
    low, high = limits(placing.heights, cutout)
    canvas = placing.canvas
    tall = figure_heights(background.ground, cutout.real_height, places[:, 0] + 0.5, places[:, 1] + 1.0, canvas)
    q = setting.eyes.inverse_depths(slot.background, places)
    good = (tall >= low) & (tall <= high) & (q > 0)
    places, q = places[good], q[good]
    height = np.rint(tall[good]).astype(np.int64)
    width = np.maximum(np.rint(cutout.width * height / cutout.height), 1).astype(np.int64)
    sizes = np.stack([width, height], -1)
    enough = np.ones(len(places), np.bool_)
    corners = [corners_of(cutout, places, width, height, flip) for flip in slot.flips]
    if placing.min_visible >= 1:
        for corner in corners:
            enough &= ((corner >= 0) & (corner + sizes <= [canvas.width, canvas.height])).all(1)
    rest = np.flatnonzero(enough)
    pair = slot.background, slot.foreground
    seen = setting.eyes.glance(pair, [corner[rest] for corner in corners], sizes[rest], q[rest], slot.flips)
    enough[rest] = seen >= placing.min_visible
    return [
        _Place((int(places[k, 0]), int(places[k, 1])), int(height[k]), float(f"{q[k]:.6g}"))
        for k in np.flatnonzero(enough)[:_LOOKS].tolist()
    ]


def _first_that_fits(
    setting: Setting, slot: Slot, before: Sequence[Sequence[Figure]], places: Sequence[_Place]
) -> Placed | None:
    """Return the figure on the first place where enough of it, and of the scene's earlier figures, is seen."""
    cutout = setting.catalog.foregrounds[slot.foreground]
    for place in places:
        bare = [
            figure_at(cutout, slot.foreground, place.contact, place.height, flip, place.inverse_depth)
            for flip in slot.flips
        ]
        found = with_look(setting, slot, bare)
        if fits_beside(setting, slot, found, before):
            return found
    return None
