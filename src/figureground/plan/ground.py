"""Figures on the floor, as tall as perspective makes them there, and as they are wanted.

A height is drawn first, and then a place at which perspective gives that height: on floor that is seen, or below the
frame, where its plane goes on and the lower edge cuts the figure off.  A height without a place there is drawn anew.

The figures of a scene come one after the other.  Of the places that are drawn those are looked at closely, one by one,
where enough of the figure's points seems to be seen (`geometry/glance.py`); the first is taken where enough of all
figures is.  Every draw is a pure function of its counter, so a scene does not depend on any other.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np

from figureground.core import random
from figureground.core.arrays import Floats, Ints, Singles
from figureground.core.nouns import Figure, Foreground, Ground
from figureground.geometry.perspective import within
from figureground.plan import heights, places
from figureground.plan.heights import resized
from figureground.plan.place import TRIES, Placed, Setting, Slot, fits_beside, with_look

_PLACES = 4  # that are drawn for one height
_ALIKE = 0.02, 0.6  # parts of a height, or px: heights that differ by no more than either are the same
_SPREAD_TRIES = 96  # places looked at, evenly over the floor, when all draws have failed
_AT_ONCE = 2  # heights whose places are glanced at together
_SUMMED = 12  # uniform draws whose sum is as good as normal
_UNSURE = 0.25  # of the standard deviations that floors are drawn within: the most probable floor is the best guess


def figure_at(cutout: Foreground, number: int, contact: tuple[int, int], height: int, flip: bool, q: float) -> Figure:
    """Return the figure of a height whose foot is on the pixel `contact`, at inverse depth q."""
    width, height = resized(cutout, height)
    x, y = places.corner_of(cutout, contact, (width, height), flip)
    return Figure(number, x, y, width, height, flip, q, contact)


def stand(setting: Setting, slot: Slot, before: Sequence[Sequence[Figure]]) -> Placed | None:
    """Return a figure on the floor, once for each flip, or None where the floor has no place for it.

    `before`: the scene's earlier figures for each flip.
    """
    if not setting.has_floor(slot.background):
        return None
    floor = setting.eyes.footing(slot.background)
    wanted = setting.wanted(slot.foreground, slot.flips)
    if not len(floor) or wanted.least > wanted.most:
        return None
    ground = as_it_may_be(setting, slot)
    outlook = setting.eyes.outlook(slot.background, slot.foreground)
    for rows in _drawn(setting, slot, floor, wanted):  # most find a place with the first
        promising = places.promising(wanted, outlook, places.at_rows(floor, rows), ground)
        found = _first_that_fits(setting, slot, before, promising)
        if found is not None:
            return found
    # all draws have failed.  These places do not hang on the draws, so that a pair without any is known as such
    spread = _spread(setting, slot)
    if spread and ground is not setting.catalog.backgrounds[slot.background].ground:
        again = places.promising(wanted, outlook, _evenly(setting, slot, wanted), ground)
        found = _first_that_fits(setting, slot, before, again)
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


def _drawn(setting: Setting, slot: Slot, floor: Singles, wanted: places.Wanted) -> Iterator[Ints]:
    """Yield the rows of the table of places that a slot draws, some at a time; a height without a place has none."""
    seed, purpose = setting.placing.seed, f"{slot.turn} {slot.again}" if slot.again else str(slot.turn)
    tries = slot.counter * TRIES + np.arange(TRIES)
    asked = heights.drawn(seed, tries[::_PLACES], f"height {purpose}", (wanted.least, wanted.most))
    off = np.maximum(asked * _ALIKE[0], _ALIKE[1])
    first, last = (_taller(floor, edge * wanted.usual).tolist() for edge in (asked - off, asked + off))
    draws = random.uniform(seed, tries, f"stand {purpose}").reshape(-1, _PLACES)
    whole = np.rint(asked).astype(np.int64).tolist()
    for some in range(0, asked.size, _AT_ONCE):
        found = [np.zeros(0, np.int64)]
        for k in range(some, some + _AT_ONCE):
            if wanted.bounds:
                rows = first[k] + np.flatnonzero(places.suits_cuts(wanted, floor[first[k] : last[k]], whole[k]))
                found.append(rows[(draws[k] * rows.size).astype(np.int64)] if rows.size else rows)
            elif last[k] > first[k]:
                found.append(first[k] + (draws[k] * (last[k] - first[k])).astype(np.int64))
        yield np.concatenate(found)


def _taller(floor: Singles, heights: Floats) -> Ints:
    """Return the first row of the table of places at which somebody of usual height is at least so many px tall."""
    edges = heights.astype(np.float32)  # of the table's type, or all of it is converted
    edges = np.where(edges < heights, np.nextafter(edges, np.float32(np.inf)), edges)
    return np.searchsorted(floor[:, 2], edges)


def _spread(setting: Setting, slot: Slot) -> list[places.Place]:
    """Return places of a pair that promise well, on the floor as it is estimated, of those spread `_evenly`."""

    def find() -> list[places.Place]:
        wanted = setting.wanted(slot.foreground, slot.flips)
        ground = setting.catalog.backgrounds[slot.background].ground
        outlook = setting.eyes.outlook(slot.background, slot.foreground)
        return places.promising(wanted, outlook, _evenly(setting, slot, wanted), ground)

    return setting.eyes.known(("spread", slot.background, slot.foreground, slot.flips), find)


def _evenly(setting: Setting, slot: Slot, wanted: places.Wanted) -> Ints:
    """Return some places, int64 (n, 2), that are spread evenly over all that suit the heights of a pair."""
    floor = setting.eyes.footing(slot.background)
    first, last = _taller(floor, np.array([wanted.least, wanted.most]) * wanted.usual)
    rows = np.arange(first, last)
    if wanted.bounds:
        tall = np.rint(floor[first:last, 2].astype(np.float64) / wanted.usual).astype(np.int64)
        rows = rows[places.suits_cuts(wanted, floor[first:last], tall)]
    if rows.size:
        rows = rows[_steps(rows.size)]
    return places.at_rows(floor, rows)


@functools.lru_cache(maxsize=4096)
def _steps(size: int) -> Ints:
    """Return some places in a list of so many, one at least, from the first to the last, int64 (n,)."""
    return np.linspace(0, size - 1, min(_SPREAD_TRIES, size)).round().astype(np.int64)


def _first_that_fits(
    setting: Setting, slot: Slot, before: Sequence[Sequence[Figure]], some: Sequence[places.Place]
) -> Placed | None:
    """Return the figure on the first place where enough of it, and of the scene's earlier figures, is seen."""
    cutout = setting.catalog.foregrounds[slot.foreground]
    for place in some:
        bare = [
            figure_at(cutout, slot.foreground, place.contact, place.height, flip, place.inverse_depth)
            for flip in slot.flips
        ]
        found = with_look(setting, slot, bare)
        if fits_beside(setting, slot, found, before):
            return found
    return None
