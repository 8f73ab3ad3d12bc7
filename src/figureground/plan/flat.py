"""Figures without geometry: corners drawn, evenly spread, or wherever enough of the figure stays in the frame."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from figureground.core import random
from figureground.core.arrays import Bools, Ints
from figureground.core.canvas import REFERENCE, Canvas
from figureground.core.job import Placing
from figureground.core.nouns import Figure, Mask
from figureground.image.masks import AreaTable, area_table, visible_area
from figureground.plan.heights import flat_size
from figureground.plan.place import TRIES, Placed, Setting, Slot, fits_beside, with_look

_DRAWS = 64  # rejection draws before all positions are listed; reached only by figures that hardly fit


def corners(setting: Setting, foreground: Ints, position: Ints, counter: Ints) -> tuple[Ints, Ints]:
    """Return corners (n, 2) and sizes (n, 2), x first, of figures that are placed without geometry.

    `foreground` and `position` of each, and the number that its draws count with.
    """
    placing = setting.placing
    cutouts = setting.catalog.foregrounds
    # cut-outs that may stand are prepared larger than figures without geometry are
    numbers, places = np.unique(foreground, return_inverse=True)
    shapes = [
        flat_size(placing.heights, placing.canvas, f) if placing.standing else (f.width, f.height)
        for f in (cutouts[i] for i in numbers.tolist())
    ]
    sizes = np.array(shapes, np.int64).reshape(-1, 2)[places]
    width, height = sizes.T
    if placing.spread:
        x, y = _spread(placing, position, width, height)
    elif placing.truncated:
        x, y = _truncated(setting, foreground, counter)
    else:
        (low_x, high_x), (low_y, high_y) = _corner_range(placing, width, height)
        x = random.integers(placing.seed, counter, "x", low_x, high_x)
        y = random.integers(placing.seed, counter, "y", low_y, high_y)
    return np.stack([x, y], -1), sizes


Range = tuple[Ints, Ints]


def _corner_range(placing: Placing, width: Ints, height: Ints) -> tuple[Range, Range]:
    """Return the (lowest, highest) x and the (lowest, highest) y of the figure's top left corner.

    As in 2020: from 1 to 120 of 224 px, of the width and of the height.
    """
    canvas = placing.canvas
    if placing.as_2020:
        x, y = (
            (max(1, round(side / REFERENCE)), round(120 * side / REFERENCE)) for side in (canvas.width, canvas.height)
        )
        return (x[0] + 0 * width, x[1] + 0 * width), (y[0] + 0 * height, y[1] + 0 * height)
    return (0 * width, canvas.width - width), (0 * height, canvas.height - height)


def _spread(placing: Placing, position: Ints, width: Ints, height: Ints) -> tuple[Ints, Ints]:
    """Return the centres of the cells of the grid with at least `per_pair` of the squarest cells, row by row."""
    columns, rows = grid(placing.per_pair, placing.canvas)
    (low_x, high_x), (low_y, high_y) = _corner_range(placing, width, height)
    x = low_x + (2 * (position % columns) + 1) * (high_x - low_x + 1) // (2 * columns)
    y = low_y + (2 * (position // columns) + 1) * (high_y - low_y + 1) // (2 * rows)
    return x, y


def grid(cells: int, canvas: Canvas) -> tuple[int, int]:
    """Return (columns, rows) with at least so many cells, more along the longer side of the canvas."""
    more = math.ceil(math.sqrt(cells * canvas.longer / canvas.shorter))
    fewer = math.ceil(cells / more)
    return (more, fewer) if canvas.width >= canvas.height else (fewer, more)


def fits(placing: Placing, mask: Mask) -> bool:
    """Tell whether a cut-out with this mask has a place on the canvas that the rules allow."""
    if placing.as_2020 or placing.standing:
        return True
    if mask.shape[0] <= placing.canvas.height and mask.shape[1] <= placing.canvas.width:
        return True
    return placing.truncated and _allowed_corners(placing, area_table(mask)).size > 0


def _suits(placing: Placing, table: AreaTable, x: Ints, y: Ints) -> Bools:
    """Tell of corners whether enough of the mask stays on the canvas, in all the ways that the figure is turned."""
    good = np.ones(x.shape, np.bool_)
    for flip in (False, True)[: placing.twins]:
        seen = visible_area(table, x, y, np.full(x.shape, flip), placing.canvas.shape)
        good &= seen >= placing.min_visible * table[-1, -1]
    return good


def _allowed_corners(placing: Placing, table: AreaTable) -> Ints:
    """Return every allowed corner as (2, n): x and y."""
    height, width = table.shape[0] - 1, table.shape[1] - 1
    y, x = np.mgrid[1 - height : placing.canvas.height, 1 - width : placing.canvas.width].reshape(2, -1)
    keep = _suits(placing, table, x, y)
    return np.stack([x[keep], y[keep]])


def _truncated(setting: Setting, foreground: Ints, counter: Ints) -> tuple[Ints, Ints]:
    """Draw corners uniformly among those that leave `min_visible` of the mask on the canvas, for both twins."""
    placing = setting.placing
    x, y = np.zeros((2, foreground.size), np.int64)
    for number in np.unique(foreground).tolist():
        table = setting.eyes.table(number)
        low_y, low_x = 2 - table.shape[0], 2 - table.shape[1]
        open_ = np.flatnonzero(foreground == number)
        for attempt in range(_DRAWS):
            drawn_x = random.integers(placing.seed, counter[open_], f"x try {attempt}", low_x, placing.canvas.width - 1)
            drawn_y = random.integers(
                placing.seed, counter[open_], f"y try {attempt}", low_y, placing.canvas.height - 1
            )
            good = _suits(placing, table, drawn_x, drawn_y)
            x[open_[good]], y[open_[good]] = drawn_x[good], drawn_y[good]
            open_ = open_[~good]
            if not open_.size:
                break
        if open_.size:
            allowed = _allowed_corners(placing, table)
            pick = random.integers(placing.seed, counter[open_], "corner", 0, allowed.shape[1] - 1)
            x[open_], y[open_] = allowed[:, pick]
    return x, y


def beside(setting: Setting, slot: Slot, before: Sequence[Sequence[Figure]]) -> Placed | None:
    """Return another figure without geometry, inside the frame, or None where it would hide too much."""
    placing = setting.placing
    width, height = flat_size(placing.heights, placing.canvas, setting.catalog.foregrounds[slot.foreground])
    for k in range(slot.counter * TRIES, (slot.counter + 1) * TRIES):
        x = int(random.integers(placing.seed, k, f"x {slot.turn}", 0, placing.canvas.width - width))
        y = int(random.integers(placing.seed, k, f"y {slot.turn}", 0, placing.canvas.height - height))
        bare = [Figure(slot.foreground, x, y, width, height, flip) for flip in slot.flips]
        found = with_look(setting, slot, bare)
        if fits_beside(setting, slot, found, before):
            return found
    return None
