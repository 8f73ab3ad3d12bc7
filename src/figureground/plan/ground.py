"""Figures on the floor, as tall as perspective makes them there, and as they are wanted.

A height is drawn first, and then a place at which perspective gives that height: on floor that is seen, or below the
frame, where its plane goes on and the lower edge cuts the figure off.  A height without a place there is drawn anew.

The figures of a scene come one after the other.  Of the places that are drawn those are looked at closely, one by one,
where enough of the figure's points seems to be seen (`geometry/glance.py`); the first is taken where enough of all
figures is.  Every draw is a pure function of its counter, so a scene does not depend on any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from figureground.core import random
from figureground.core.arrays import Bools, Floats, Ints, Singles
from figureground.core.nouns import Figure, Foreground, Ground
from figureground.geometry.footing import USUAL_M
from figureground.geometry.perspective import figure_heights, within
from figureground.plan import cut, heights
from figureground.plan.heights import resized
from figureground.plan.place import TRIES, Placed, Setting, Slot, fits_beside, with_look

_PLACES = 4  # that are drawn for one height
_ALIKE = 0.02, 0.6  # parts of a height, or px: heights that differ by no more than either are the same
_SPREAD_TRIES = 96  # places looked at, evenly over the floor, when all draws have failed
_AT_ONCE = 8  # draws glanced at together
_SUMMED = 12  # uniform draws whose sum is as good as normal
_HEADS = 12  # photographers cut off feet, not heads: above, this part of what may be hidden in all
_UNSURE = 0.5  # of the standard deviations that floors are drawn within: the most probable floor is the best guess
_LOOKS = 12  # closer looks at what promises well; of 737 figures that found a place, on photos, none needed more than 4


def corners_of(cutout: Foreground, contacts: Ints, width: Ints, height: Ints, flip: bool) -> Ints:
    """Return the top left corners of a cut-out in some sizes whose foot is on the pixels `contacts`, int64 (n, 2)."""
    foot = cut.foot(cutout)
    column = np.minimum((foot[0] * width).astype(np.int64), width - 1)
    row = (foot[1] * height).astype(np.int64)
    if foot[1] <= 1:
        row = np.minimum(row, height - 1)
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
    if not setting.has_floor(slot.background):
        return None
    floor = setting.eyes.footing(slot.background)
    wanted = _Wanted.of(setting, slot)
    if not len(floor) or wanted.least > wanted.most:
        return None
    drawn, ground = _drawn(setting, slot, floor, wanted), as_it_may_be(setting, slot)
    for k in range(0, TRIES, _AT_ONCE):  # most find a place with the first
        rows = drawn[k : k + _AT_ONCE]
        promising = _promising(setting, slot, _places(floor, rows[rows >= 0]), ground)
        found = _first_that_fits(setting, slot, before, promising)
        if found is not None:
            return found
    # all draws have failed.  These places do not hang on the draws, so that a pair without any is known as such
    spread = _spread(setting, slot)
    if spread and ground is not setting.catalog.backgrounds[slot.background].ground:
        found = _first_that_fits(setting, slot, before, _promising(setting, slot, _evenly(setting, slot), ground))
        if found is not None:
            return found
    return _first_that_fits(setting, slot, before, spread)


def as_it_may_be(setting: Setting, slot: Slot) -> Ground | None:
    """Return the floor as it may be within its uncertainty, which a slot draws: what is estimated once of a background
    is so not off the same way in all of its samples."""
    ground = setting.catalog.backgrounds[slot.background].ground
    if ground is None:
        return None
    at = np.arange(2 * _SUMMED).reshape(2, -1) + slot.counter * 2 * _SUMMED
    draws = random.uniform(setting.placing.seed, at, "floor").sum(1) - _SUMMED / 2  # normal, nearly, of variance 1
    return within(ground, setting.placing.canvas, _UNSURE * float(draws[0]), _UNSURE * float(draws[1]))


def has_place(setting: Setting, slot: Slot) -> bool:
    """Tell whether a pair seems to have a place, whatever is drawn for it."""
    return setting.has_floor(slot.background) and bool(_spread(setting, slot))


@dataclass(frozen=True)
class _Wanted:
    """What is looked for in the table of places: `least` and `most` height in px of the pasted cut-out, and `usual`
    times such a height, of somebody of usual height who is seen whole at the same place."""

    least: float
    most: float
    usual: float

    @staticmethod
    def of(setting: Setting, slot: Slot) -> _Wanted:
        cutout = setting.catalog.foregrounds[slot.foreground]
        least, most = heights.limits(setting.placing.heights, setting.placing.canvas, cutout)
        return _Wanted(least, most, USUAL_M / (cut.share(cutout) * cutout.real_height))


def _drawn(setting: Setting, slot: Slot, floor: Singles, wanted: _Wanted) -> Ints:
    """Return the rows of the table of places that a slot draws, -1 where a height has none."""
    seed, purpose = setting.placing.seed, f"{slot.turn} {slot.again}" if slot.again else str(slot.turn)
    tries = slot.counter * TRIES + np.arange(TRIES)
    asked = heights.drawn(seed, tries[::_PLACES], f"height {purpose}", (wanted.least, wanted.most))
    off = np.maximum(asked * _ALIKE[0], _ALIKE[1])
    first, last = (np.searchsorted(floor[:, 2], edge * wanted.usual) for edge in (asked - off, asked + off))
    draws = random.uniform(seed, tries, f"stand {purpose}")
    if cut.sides(setting.catalog.foregrounds[slot.foreground], slot.flips[0]):
        return _beyond_the_frame(setting, slot, floor, (asked, first, last), draws)
    first, last = first.repeat(_PLACES), last.repeat(_PLACES)
    return np.where(last > first, first + (draws * (last - first)).astype(np.int64), -1)


def _beyond_the_frame(
    setting: Setting, slot: Slot, floor: Singles, windows: tuple[Floats, Ints, Ints], draws: Floats
) -> Ints:
    """Return the rows that are drawn of those at which the cuts of a cut-out lie beyond the frame; -1 for none.

    `windows`: of each height in px that is asked for, the first row and the one beyond the last.
    """
    found: Ints = np.full(TRIES, -1, np.int64)
    for k, (height, first, last) in enumerate(zip(*windows, strict=True)):
        rows = first + np.flatnonzero(_suits_cuts(setting, slot, floor[first:last], np.full(last - first, height)))
        if rows.size:
            here = slice(k * _PLACES, (k + 1) * _PLACES)
            found[here] = rows[(draws[here] * rows.size).astype(np.int64)]
    return found


def _suits_cuts(setting: Setting, slot: Slot, places: Singles, tall: Floats) -> Bools:
    """Tell of rows of the table whether all cuts of a cut-out, so tall there, lie beyond the frame, however turned."""
    cutout = setting.catalog.foregrounds[slot.foreground]
    sizes, contacts = heights.sizes_of(cutout, tall), places[:, :2].astype(np.int64)
    good = np.ones(len(places), np.bool_)
    for flip in slot.flips:
        corners = corners_of(cutout, contacts, sizes[:, 0], sizes[:, 1], flip)
        good &= cut.beyond(cutout, setting.placing.canvas, corners, sizes, flip)
    return good


def _spread(setting: Setting, slot: Slot) -> list[_Place]:
    """Return places of a pair that promise well, on the floor as it is estimated, of those spread `_evenly`."""
    ground = setting.catalog.backgrounds[slot.background].ground
    return setting.eyes.known(
        ("spread", slot.background, slot.foreground, slot.flips),
        lambda: _promising(setting, slot, _evenly(setting, slot), ground),
    )


def _evenly(setting: Setting, slot: Slot) -> Ints:
    """Return some places, int64 (n, 2), that are spread evenly over all that suit the heights of a pair."""
    floor, wanted = setting.eyes.footing(slot.background), _Wanted.of(setting, slot)
    first, last = np.searchsorted(floor[:, 2], [wanted.least * wanted.usual, wanted.most * wanted.usual])
    rows = np.arange(first, last)
    if cut.sides(setting.catalog.foregrounds[slot.foreground], slot.flips[0]):
        tall = floor[first:last, 2].astype(np.float64) / wanted.usual
        rows = rows[_suits_cuts(setting, slot, floor[first:last], tall)]
    if rows.size:
        rows = rows[np.linspace(0, rows.size - 1, min(_SPREAD_TRIES, rows.size)).round().astype(np.int64)]
    return _places(floor, rows)


def _places(floor: Singles, rows: Ints) -> Ints:
    return floor[rows, :2].astype(np.int64)


@dataclass(frozen=True)
class _Place:
    """Where a figure may stand: the pixel of its foot, its height in px, and the inverse depth there."""

    contact: tuple[int, int]
    height: int
    inverse_depth: float


def _promising(setting: Setting, slot: Slot, places: Ints, ground: Ground | None) -> list[_Place]:
    """Return the first of some places (x, y), int64 (n, 2), at which enough of the figure seems to be seen.

    `ground`: by which it is as tall as it is.
    """
    placing = setting.placing
    cutout = setting.catalog.foregrounds[slot.foreground]
    if ground is None or not len(places):
        return []
    least, most = heights.limits(placing.heights, placing.canvas, cutout)
    canvas = placing.canvas
    tall = figure_heights(ground, cutout.real_height, places[:, 0] + 0.5, places[:, 1] + 1.0, canvas)
    tall *= cut.share(cutout)
    q = setting.eyes.inverse_depths(slot.background, places)
    whole = np.rint(tall)  # the limits hold for what is pasted
    good = (whole >= least - 0.5) & (whole <= most + 0.5) & (q > 0)
    places, q, sizes = places[good], q[good], heights.sizes_of(cutout, tall[good])
    enough = np.ones(len(places), np.bool_)
    corners = [corners_of(cutout, places, sizes[:, 0], sizes[:, 1], flip) for flip in slot.flips]
    for flip, corner in zip(slot.flips, corners, strict=True):
        enough &= cut.beyond(cutout, canvas, corner, sizes, flip)
        if "top" not in cutout.cut:
            enough &= corner[:, 1] >= -(1 - placing.min_visible) / _HEADS * sizes[:, 1]
        if placing.min_visible >= 1:
            enough &= ((corner >= 0) & (corner + sizes <= [canvas.width, canvas.height])).all(1)
    rest = np.flatnonzero(enough)
    pair = slot.background, slot.foreground
    seen = setting.eyes.glance(pair, [corner[rest] for corner in corners], sizes[rest], q[rest], slot.flips)
    enough[rest] = seen >= placing.min_visible
    return [
        _Place((int(places[k, 0]), int(places[k, 1])), int(sizes[k, 1]), float(f"{q[k]:.6g}"))
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
