"""Figures on the floor: drawn on it, with the height that perspective gives them.

The figures of a scene come one after the other; a draw is rejected where too little of it, or of an earlier figure,
would be seen.  Every draw is a pure function of its counter, so a scene does not depend on any other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from figureground.core import random
from figureground.core.job import Placing
from figureground.core.nouns import Figure, Foreground
from figureground.geometry.perspective import figure_heights
from figureground.plan.heights import limits, resized
from figureground.plan.place import TRIES, Placed, Setting, Slot, fits_beside, with_look

_SPREAD_TRIES = 96  # places looked at, evenly over the floor, when all draws have failed


def figure_at(cutout: Foreground, number: int, contact: tuple[int, int], height: int, flip: bool, q: float) -> Figure:
    """Return the figure of a height whose foot is on the pixel `contact`, at inverse depth q."""
    width, height = resized(cutout, height)
    column = min(int(cutout.foot[0] * width), width - 1)
    row = min(int(cutout.foot[1] * height), height - 1)
    x = contact[0] - (width - 1 - column if flip else column)
    return Figure(number, x, contact[1] - row, width, height, flip, q, contact)


def stand(setting: Setting, slot: Slot, before: Sequence[Sequence[Figure]]) -> Placed | None:
    """Return a figure on the floor, once for each flip, or None where the floor has no place for it.

    `before`: the scene's earlier figures for each flip.
    """
    placing, sight = setting.placing, setting.eyes
    plane = setting.catalog.backgrounds[slot.background].ground
    cutout = setting.catalog.foregrounds[slot.foreground]
    floor = sight.footing(slot.background)
    if plane is None or not floor.size:
        return None
    low, high = limits(placing.heights, cutout)
    tries = slot.counter * TRIES + np.arange(TRIES)
    drawn = random.integers(placing.seed, tries, f"stand {slot.turn}", 0, floor.shape[0] - 1)
    spread = np.linspace(0, floor.shape[0] - 1, min(_SPREAD_TRIES, floor.shape[0])).round().astype(np.int64)
    for rows in (drawn, spread):  # the second when all draws have failed
        places = floor[rows]
        heights = figure_heights(plane, cutout.real_height, places[:, 0] + 0.5, places[:, 1] + 1.0, placing.canvas)
        for k in np.flatnonzero((heights >= low) & (heights <= high)).tolist():
            contact = int(places[k, 0]), int(places[k, 1])
            q = float(f"{sight.inverse_depth(slot.background, *contact):.6g}")
            if not q > 0:
                continue
            height = round(float(heights[k]))
            bare = [figure_at(cutout, slot.foreground, contact, height, flip, q) for flip in slot.flips]
            found = with_look(setting, slot, bare)
            if _in_frame(placing, found) and fits_beside(setting, slot, found, before):
                return found
    return None


def _in_frame(placing: Placing, figures: Sequence[Figure]) -> bool:
    """Tell, before any pixel is looked at, whether the figures' boxes lie within the frame as far as they must."""
    for f in figures:
        rows, columns = placing.canvas.inside(f.x, f.y, f.height, f.width)
        if not rows or not columns:
            return False
        if placing.min_visible >= 1 and (rows < f.height or columns < f.width):
            return False
    return True
