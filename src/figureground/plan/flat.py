"""Figures without geometry: corners drawn, evenly spread, or wherever enough of the figure stays in the frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from figureground.core import random
from figureground.core.arrays import Bools, Ints
from figureground.core.canvas import REFERENCE, Canvas
from figureground.core.job import Placing
from figureground.core.nouns import Figure, Foreground
from figureground.image.masks import AreaTable, visible_share
from figureground.plan import cut, heights
from figureground.plan.place import TRIES, Placed, Setting, Slot, fits_beside, with_look

_DRAWS = 32  # heights and corners that are drawn, before the figure is put where most of it is seen
_PLACES = 4  # that are drawn for one height
_HEADS = 4  # photographers cut off feet, not heads: above, this part of what may be cut off elsewhere
_SPARE = 0.01  # of the mask: what is seen of a figure is told from its cut-out before it is resized


@dataclass(frozen=True)
class _Wanted:
    """Figures of one foreground: the rows of the arrays that they are, and the numbers that their draws count with."""

    number: int
    cutout: Foreground
    rows: Ints
    counter: Ints


def corners(setting: Setting, foreground: Ints, position: Ints, counter: Ints, flip: Bools) -> tuple[Ints, Ints]:
    """Return corners (n, 2) and sizes (n, 2), x first, of figures that are placed without geometry.

    `foreground`, `position` and turn (`flip`) of each, and the number that its draws count with.
    """
    placing, cutouts = setting.placing, setting.catalog.foregrounds
    at, sizes = np.zeros((2, foreground.size, 2), np.int64)
    for number in np.unique(foreground).tolist():
        rows = np.flatnonzero(foreground == number)
        own = _Wanted(number, cutouts[number], rows, counter[rows])
        if placing.as_2020:
            at[rows], sizes[rows] = _as_2020(placing, own)
        elif placing.spread:
            at[rows], sizes[rows] = _spread(setting, own, position[rows], flip[rows])
        else:
            at[rows], sizes[rows] = _drawn(setting, own, flip[rows])
    return at, sizes


def _sizes(placing: Placing, own: _Wanted, purpose: str) -> Ints:
    """Return the sizes of figures, int64 (n, 2), x first: drawn, or the one that the cut-out was prepared in."""
    if placing.heights[own.cutout.source_number - 1].of_photo:
        return np.tile(np.array([own.cutout.width, own.cutout.height], np.int64), (own.rows.size, 1))
    return heights.sizes_of(own.cutout, heights.drawn(placing.seed, own.counter, purpose, bounds(placing, own.cutout)))


def bounds(placing: Placing, cutout: Foreground) -> tuple[float, float]:
    """Return the least and greatest height in px of a figure without geometry; the least is more where none fits."""
    least, most = heights.limits(placing.heights, placing.canvas, cutout)
    if placing.truncated:
        return least, most
    inside = min(most, placing.canvas.height, placing.canvas.width * cutout.height / cutout.width)
    return least if cut.across(cutout) else min(least, inside), inside


def _as_2020(placing: Placing, own: _Wanted) -> tuple[Ints, Ints]:
    """Return corners from 1 to 120 of 224 px, of the width and of the height, as in 2020."""
    ranges = (
        (max(1, round(side / REFERENCE)), round(120 * side / REFERENCE))
        for side in (placing.canvas.width, placing.canvas.height)
    )
    at = [
        random.integers(placing.seed, own.counter, axis, *between) for axis, between in zip("xy", ranges, strict=True)
    ]
    return np.stack(at, -1), _sizes(placing, own, "height")


def corner_range(placing: Placing, cutout: Foreground, sizes: Ints, flip: Bools) -> tuple[Ints, Ints]:
    """Return the first and last corners, int64 (n, 2), x first, of figures of some sizes.

    They leave `min_visible` of width and of height in the frame, more above, and all cuts on the frame or beyond it.
    """
    side: Ints = np.array([placing.canvas.width, placing.canvas.height], np.int64)
    off = (sizes * (1 - placing.min_visible if placing.truncated else 0.0)).astype(np.int64)
    first, last = np.minimum(-off, side - sizes + off), np.maximum(side - sizes + off, -off)
    first[:, 1] = np.minimum(-off[:, 1] // _HEADS, last[:, 1])
    for turned in (False, True):
        for name in cut.sides(cutout, turned):
            rows, axis = flip == turned, int(name in ("top", "bottom"))
            if name in ("top", "left"):
                last[rows, axis] = np.minimum(last[rows, axis], 0)
                if name == "top":
                    first[rows, axis] = np.minimum(-off[rows, axis], 0)
            else:
                first[rows, axis] = np.maximum(first[rows, axis], side[axis] - sizes[rows, axis])
    return np.minimum(first, last), last


def grid(cells: int, canvas: Canvas) -> tuple[int, int]:
    """Return (columns, rows) with at least so many cells, more along the longer side of the canvas."""
    more = math.ceil(math.sqrt(cells * canvas.longer / canvas.shorter))
    fewer = math.ceil(cells / more)
    return (more, fewer) if canvas.width >= canvas.height else (fewer, more)


def _spread(setting: Setting, own: _Wanted, position: Ints, flip: Bools) -> tuple[Ints, Ints]:
    """Return the centres of the cells of the grid with at least `per_pair` of the squarest cells, row by row.

    Where too little of a figure would be seen, it is moved towards the middle until enough is.
    """
    placing = setting.placing
    columns, rows = grid(placing.per_pair, placing.canvas)
    sizes = _sizes(placing, own, "height")
    first, last = corner_range(placing, own.cutout, sizes, flip)
    cell, cells = np.stack([position % columns, position // columns], -1), np.array([columns, rows])
    at = first + (2 * cell + 1) * (last - first + 1) // (2 * cells)
    if placing.truncated:
        middle = _middle(placing, first, last, sizes)
        for _ in range(3):
            bad = ~_suits(setting, own.number, at, sizes, flip)
            at[bad] = (at[bad] + middle[bad]) // 2
        bad = ~_suits(setting, own.number, at, sizes, flip)
        at[bad], sizes[bad] = _smallest(placing, own.cutout, flip[bad])
    return at, sizes


def _smallest(placing: Placing, cutout: Foreground, flip: Bools) -> tuple[Ints, Ints]:
    """Return corners and sizes of figures as small as they may be, where most of them is seen."""
    sizes = heights.sizes_of(cutout, np.full(flip.size, bounds(placing, cutout)[0]))
    if placing.heights[cutout.source_number - 1].of_photo:
        sizes[:] = cutout.width, cutout.height
    return _middle(placing, *corner_range(placing, cutout, sizes, flip), sizes), sizes


def _middle(placing: Placing, first: Ints, last: Ints, sizes: Ints) -> Ints:
    """Return the corners at which most of a figure is seen: in the middle of the frame, as far as they may be there."""
    side: Ints = np.array([placing.canvas.width, placing.canvas.height], np.int64)
    return np.asarray(np.clip((side - sizes) // 2, first, last), np.int64)


def _suits(setting: Setting, number: int, at: Ints, sizes: Ints, flip: Bools) -> Bools:
    """Tell of corners whether enough of the mask stays on the canvas, in all the ways that the figure is turned."""
    placing, table = setting.placing, setting.eyes.table(number)
    cutout = setting.catalog.foregrounds[number]
    good = np.ones(len(at), np.bool_)
    # a twin that has the same place
    shared = placing.twins == 2 and not placing.own_places and not cut.sideways(cutout)
    for way in (flip, ~flip)[: 1 + shared]:
        good &= visible_share(table, at, sizes, way, placing.canvas.shape) >= min(1.0, placing.min_visible + _SPARE)
    return good


def _drawn(setting: Setting, own: _Wanted, flip: Bools) -> tuple[Ints, Ints]:
    """Return corners drawn among those that leave enough of a figure in the frame, for both twins, and their sizes."""
    placing = setting.placing
    at, sizes = np.zeros((2, own.rows.size, 2), np.int64)
    open_ = np.arange(own.rows.size)
    for k in range(_DRAWS if placing.truncated else 1):
        left = _Wanted(own.number, own.cutout, open_, own.counter[open_])
        again = f" {k // _PLACES}" if k >= _PLACES else ""
        sizes[open_] = _sizes(placing, left, f"height{again}")
        first, last = corner_range(placing, own.cutout, sizes[open_], flip[open_])
        for axis, name in enumerate("xy"):
            purpose = f"{name} try {k}" if k else name
            at[open_, axis] = random.integers(placing.seed, left.counter, purpose, first[:, axis], last[:, axis])
        if placing.truncated:
            open_ = open_[~_suits(setting, own.number, at[open_], sizes[open_], flip[open_])]
        if not placing.truncated or not open_.size:
            return at, sizes
    at[open_], sizes[open_] = _smallest(placing, own.cutout, flip[open_])
    return at, sizes


def fits(placing: Placing, cutout: Foreground, table: AreaTable) -> bool:
    """Tell whether a cut-out, of whose mask this is the area table, has a place on the canvas that the rules allow."""
    if placing.as_2020 or placing.standing:
        return True
    least, most = bounds(placing, cutout)
    of_photo = placing.heights[cutout.source_number - 1].of_photo
    if least > most + 1e-9 or (of_photo and not placing.truncated and cutout.height > most + 0.5):
        return False
    upright = np.array([False])
    at, sizes = _smallest(placing, cutout, upright)
    return bool(visible_share(table, at, sizes, upright, placing.canvas.shape)[0] >= placing.min_visible)


def beside(setting: Setting, slot: Slot, before: Sequence[Sequence[Figure]]) -> Placed | None:
    """Return another figure without geometry, or None where it would hide too much or too little of it is seen."""
    placing, cutout = setting.placing, setting.catalog.foregrounds[slot.foreground]
    counter = slot.counter * TRIES + np.arange(TRIES)
    own = _Wanted(slot.foreground, cutout, np.arange(TRIES), counter)
    flip = np.full(TRIES, slot.flips[0])
    purpose = f"{slot.turn} {slot.again}" if slot.again else str(slot.turn)
    sizes = _sizes(placing, own, f"height {purpose}")
    first, last = corner_range(placing, cutout, sizes, flip)
    at = [
        random.integers(placing.seed, counter, f"{name} {purpose}", first[:, axis], last[:, axis])
        for axis, name in enumerate("xy")
    ]
    for x, y, width, height in np.column_stack([*at, sizes]).tolist():
        bare = [Figure(slot.foreground, x, y, width, height, flip) for flip in slot.flips]
        found = with_look(setting, slot, bare)
        if fits_beside(setting, slot, found, before):
            return found
    return None
